import numpy as np
import pytest

from resound.errors import ParameterError
from resound.evaluation.validation import compare

SETTING = {"sample_rate": 16000, "n_fft": 1024, "hop_length": 256}


@pytest.fixture(scope="module")
def clips():
    rng = np.random.default_rng(0)
    fade = np.geomspace(1, 1e-6, 8000)
    return (rng.standard_normal((3, 8000)) * fade).astype(np.float32)


def test_rows_name_what_was_compared(clips):
    (stft,) = compare("stft", clips, **SETTING)
    assert (stft["feature"], stft["unit"]) == ("stft", "magnitude")
    assert stft["shape"] == stft["librosa_shape"] == (32, 513)
    (mel,) = compare("mel", clips, n_mels=40, **SETTING)
    assert (mel["feature"], mel["unit"], mel["shape"]) == ("mel", "dB", (32, 40))
    rows = compare("mfcc", clips, **SETTING)
    assert [row["feature"] for row in rows] == [f"mfcc_{i}" for i in range(13)]
    assert {row["unit"] for row in rows} == {"dB"}
    assert {row["shape"] for row in rows} == {(32,)}


def test_the_engine_is_that_of_our_side(clips):
    with pytest.raises(ParameterError, match="engine='matrx' is not known; did you mean 'matrix'"):
        compare("mel", clips, engine="matrx", **SETTING)


@pytest.mark.parametrize("name", ["stft", "mel", "mfcc"])
@pytest.mark.parametrize("htk", [True, False])
@pytest.mark.parametrize("engine", ["fft", "matrix"])
def test_differences_are_of_rounding_size(clips, name, htk, engine):
    options = {} if name == "stft" else {"htk": htk, "n_mels": 40, "top_db": 60.0}
    for row in compare(name, clips, engine=engine, **SETTING, **options):
        assert row["max_difference"] < 1e-9
        assert row["mean_difference"] <= row["max_difference"]
        assert row["correlation"] == pytest.approx(1)
        assert row["minimum"] == pytest.approx(row["librosa_minimum"])
        assert row["maximum"] == pytest.approx(row["librosa_maximum"])


def test_statistics_are_those_of_the_differences(monkeypatch, clips):
    def shifted(clip, *, sample_rate, n_fft, hop_length, window, win_length):
        spectrum = np.fft.rfft(np.zeros(n_fft))
        return np.full((spectrum.size, 32), 2.0) + np.arange(32) % 2

    monkeypatch.setitem(compare.__globals__["PEERS"], "stft", shifted)
    (row,) = compare("stft", np.zeros((2, 8000)), **SETTING)
    assert (row["minimum"], row["maximum"]) == (0, 0)
    assert (row["librosa_minimum"], row["librosa_maximum"]) == (2, 3)
    assert row["mean_difference"] == pytest.approx(2.5)
    assert row["max_difference"] == 3
    assert row["std_difference"] == pytest.approx(0.5)
    assert np.isnan(row["correlation"])


def test_other_features_are_refused(clips):
    with pytest.raises(ParameterError, match="name='f0' is not known; there are: stft, mel, mfcc"):
        compare("f0", clips, **SETTING)
    with pytest.raises(ParameterError, match="hop_length=0 must be a positive integer"):
        compare("mel", clips, **{**SETTING, "hop_length": 0})
