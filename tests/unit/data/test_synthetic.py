import numpy as np
import pytest
import soundfile

from resound.data.fetch import ensure_dataset
from resound.data.folds import check_recordings, imbalances
from resound.data.layout import CATEGORIES, read_meta
from resound.data.sounds import SOUNDS, Scene
from resound.data.synthetic import generate
from resound.errors import DataError, ParameterError

SMALL = {"recordings": 1, "takes": 2, "duration": 0.5, "sample_rate": 16_000}


def bytes_of(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("synthetic") / "set"
    generate(root, **SMALL)
    return root


def test_layout(folder):
    meta = read_meta(folder, "synthetic")
    assert len(meta) == 10 * 5 * 1 * 2
    assert [CATEGORIES[target] for target in meta["target"]] == list(meta["category"])
    assert meta["group"].nunique() == 5
    assert set(meta.groupby("src_file").size()) == {2}
    assert imbalances(meta) == []
    check_recordings(meta)


def test_audio(folder):
    for file in read_meta(folder, "synthetic")["file"]:
        info = soundfile.info(folder / file)
        assert (info.samplerate, info.channels, info.frames) == (16_000, 1, 8_000)
        assert info.subtype == "PCM_16"
        peak = np.abs(soundfile.read(folder / file)[0]).max()
        assert 10 ** (-12.1 / 20) < peak < 10 ** (-0.9 / 20)


def test_no_two_clips_draw_the_same_noise(tmp_path, monkeypatch):
    monkeypatch.setitem(SOUNDS, "rain", lambda scene: scene.take.standard_normal(scene.n_samples))
    generate(tmp_path / "set", **SMALL)
    meta = read_meta(tmp_path / "set", "synthetic").query("category == 'rain'")
    waveforms = [soundfile.read(tmp_path / "set" / file)[0] for file in meta["file"]]
    correlations = np.abs(np.corrcoef(waveforms) - np.eye(len(waveforms)))
    # Ten standard deviations of the correlation of independent noise of this length.
    assert correlations.max() < 10 / np.sqrt(8_000)


def test_same_seed_same_bytes(folder, tmp_path):
    generate(tmp_path / "again", **SMALL)
    assert bytes_of(tmp_path / "again") == bytes_of(folder)


def test_other_seed_other_sounds(folder, tmp_path):
    generate(tmp_path / "other", **SMALL, seed=1)
    old, new = bytes_of(folder), bytes_of(tmp_path / "other")
    assert old.keys() == new.keys()
    assert not any(old[name] == new[name] for name in old if name.suffix == ".wav")


def test_an_earlier_set_is_replaced_whole(tmp_path):
    generate(tmp_path / "set", **SMALL)
    generate(tmp_path / "set", **{**SMALL, "takes": 1})
    assert len(read_meta(tmp_path / "set", "synthetic")) == 50
    assert len(list((tmp_path / "set" / "audio").iterdir())) == 50
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_interrupted_generation_leaves_nothing(tmp_path, monkeypatch):
    def fails(scene):
        raise KeyboardInterrupt

    monkeypatch.setitem(SOUNDS, "siren", fails)
    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path / "set", **SMALL)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(DataError, match="holds something else than a synthetic data set"):
        generate(tmp_path, **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recordings": 0}, "recordings=0 must be a positive integer"),
        ({"takes": 27}, "takes=27 must be at most 26"),
        ({"duration": 0}, "duration=0 must be a finite number of seconds"),
        ({"sample_rate": 8000}, "sample_rate=8000 must be at least 16000 Hz"),
        ({"seed": -1}, "seed=-1 must be 0 or more"),
    ],
)
def test_faulty_arguments(tmp_path, changes, message):
    with pytest.raises(ParameterError, match=message):
        generate(tmp_path / "set", **{**SMALL, **changes})


def test_ensure_makes_it(tmp_path):
    record = ensure_dataset("synthetic", tmp_path / "set", **{**SMALL, "takes": 1, "seed": 3})
    assert (record["clips"], record["classes"]) == (50, 10)


@pytest.mark.parametrize("name", SOUNDS)
def test_every_sound_is_finite_and_heard_at_any_length(name):
    for n_samples in (800, 16_000):
        for seed in range(5):
            scene = Scene(*map(np.random.default_rng, (seed, seed + 100)), n_samples, 16_000)
            sound = SOUNDS[name](scene)
            assert sound.shape == (n_samples,)
            assert np.isfinite(sound).all()
            assert np.abs(sound).max() > 0


def band_levels(waveform):
    power = np.abs(np.fft.rfft(waveform)) ** 2
    return np.log([band.sum() for band in np.array_split(power, 24)])


def test_takes_of_a_recording_are_closer_than_recordings_of_a_class(tmp_path):
    generate(tmp_path / "set", recordings=2, takes=2, duration=2.0, sample_rate=16_000)
    meta = read_meta(tmp_path / "set", "synthetic")
    levels = np.array([band_levels(soundfile.read(tmp_path / "set" / f)[0]) for f in meta["file"]])
    gaps = np.linalg.norm(levels[:, None] - levels, axis=2)
    same = {
        name: meta[name].to_numpy()[:, None] == meta[name].to_numpy()
        for name in ("src_file", "category")
    }
    of_recording = gaps[same["src_file"] & (gaps > 0)].mean()
    of_class = gaps[same["category"] & ~same["src_file"]].mean()
    of_others = gaps[~same["category"]].mean()
    assert of_recording < of_class < of_others
