import os
import re
import shutil

import numpy as np
import pytest
import soundfile

from resound.audio.reading import decode_clips
from resound.data.index import AUDIT_DTYPES, CLIP_DTYPES, build_index, read_clips
from resound.data.synthetic import generate
from resound.errors import AudioError, DataError, ParameterError
from resound.store import read_csv, sha256_of, write_csv

RATE = 8_000
BAD = "1-0-A-0.wav"
OPTIONS = {"duration": 0.25, "sample_rate": RATE}


def index(root, **options):
    return build_index(root, "folder", **{**OPTIONS, **options})


def put(root, waveform, rate=RATE, subtype="PCM_16"):
    soundfile.write(root / "audio" / BAD, waveform, rate, subtype)


def noise(seconds, rate=RATE, channels=()):
    shape = (int(seconds * rate), *channels)
    return 0.1 * np.random.default_rng(1).standard_normal(shape)


def test_sound_files_have_nothing_to_audit(small_set):
    clips, audit = index(small_set)
    assert dict(clips.dtypes.astype(str)) == CLIP_DTYPES
    assert list(clips["id"]) == sorted(clips["id"])
    assert (clips[["sample_rate", "channels", "frames"]] == [RATE, 1, 2000]).all(axis=None)
    assert audit.empty
    assert list(audit.columns) == list(AUDIT_DTYPES)


def test_clips_come_back_from_csv_as_they_were(small_set, tmp_path):
    clips, _ = index(small_set)
    write_csv(clips, tmp_path / "clips.csv")
    assert read_clips(tmp_path / "clips.csv").equals(clips)


def test_threads_change_nothing(small_set):
    assert index(small_set)[0].equals(index(small_set, n_threads=3)[0])


def test_levels_of_a_known_signal(small_set):
    second = np.ones(RATE)
    put(small_set, np.concatenate([0.5 * second, 0.0005 * second, 0 * second, 0 * second]))
    clip = index(small_set, duration=4)[0].iloc[0]
    assert clip["peak"] == pytest.approx(0.5, abs=2**-15)
    # The quiet second adds 1e-6 of the loud one's energy.
    assert clip["rms_dbfs"] == pytest.approx(20 * np.log10(0.25), abs=1e-3)
    assert clip["near_silence_share"] == 0.75
    assert clip["zero_tail_seconds"] == 2.0


def test_levels_do_not_depend_on_the_blocks(small_set, monkeypatch):
    put(small_set, np.concatenate([noise(0.31), np.zeros(777)]))
    whole = index(small_set)[0]
    monkeypatch.setattr("resound.audio.reading.BLOCK_SAMPLES", 200)
    pieces = index(small_set)[0]
    assert pieces["rms_dbfs"].to_numpy() == pytest.approx(whole["rms_dbfs"].to_numpy(), rel=1e-12)
    assert pieces.drop(columns="rms_dbfs").equals(whole.drop(columns="rms_dbfs"))
    assert whole.iloc[0]["zero_tail_seconds"] == 777 / RATE


# What is kept, and how the audit says it


@pytest.mark.parametrize(
    ("waveform", "rate", "expected"),
    [
        (noise(0.25, 4000), 4000, [("sample_rate", "4000 Hz, not 8000 Hz", "resampled")]),
        (noise(0.25, channels=(2,)), RATE, [("channels", "2 channels", "mixed down")]),
        (
            noise(0.1),
            RATE,
            [("shorter", "800 frames at 8000 Hz, not 2000", "padded with zeros")],
        ),
        (noise(0.6), RATE, [("longer", "4800 frames at 8000 Hz, not 2000", "cropped")]),
        (np.zeros(2000), RATE, [("silent", "RMS -200.0 dBFS", "kept")]),
        (1e-4 * np.ones(2000), RATE, [("silent", "RMS -80.8 dBFS", "kept")]),
    ],
    ids=["rate", "stereo", "short", "long", "zeros", "quiet"],
)
def test_odd_file_is_kept_and_listed(small_set, waveform, rate, expected):
    put(small_set, waveform, rate)
    clips, audit = index(small_set)
    assert len(clips) == 8
    assert audit.to_numpy().tolist() == [[f"audio/{BAD}", *row] for row in expected]


@pytest.mark.parametrize("seconds", [0.3, 12])
def test_clips_of_0_3_and_12_seconds_among_5(small_set, seconds):
    put(small_set, noise(seconds))
    clips, audit = index(small_set, duration=5)
    rules = dict(zip(audit["file"], audit["rule"], strict=True))
    assert rules[f"audio/{BAD}"] == ("shorter" if seconds < 5 else "longer")
    out = np.empty((8, 5 * RATE), np.float32)
    paths = [small_set / file for file in clips["file"]]
    decode_clips(paths, out, sample_rate=RATE, duration=5)
    assert np.flatnonzero(out[0])[-1] == round(min(seconds, 5) * RATE) - 1


def test_file_that_the_csv_does_not_list(small_set):
    soundfile.write(small_set / "audio" / "stray.wav", noise(0.25), RATE)
    audit = index(small_set)[1]
    assert audit.to_numpy().tolist() == [
        ["audio/stray.wav", "unlisted", "not in the CSV", "ignored"]
    ]


def test_an_unlisted_name_in_another_encoding_can_be_written(small_set, tmp_path):
    (small_set / "audio" / os.fsdecode(b"caf\xe9.wav")).write_bytes(b"")
    (small_set / "audio" / "dangling.wav").symlink_to("nowhere")
    audit = index(small_set)[1]
    assert audit["file"].tolist() == [r"audio/caf\xe9.wav", "audio/dangling.wav"]
    write_csv(audit, tmp_path / "audit.csv")
    assert read_csv(tmp_path / "audit.csv", dtypes=AUDIT_DTYPES).equals(audit)


def test_uneven_folds_of_a_folder_are_listed(small_set, rows, meta_writer):
    meta_writer(small_set, rows[1:])
    audit = index(small_set)[1]
    assert audit.to_numpy().tolist() == [
        [f"audio/{BAD}", "unlisted", "not in the CSV", "ignored"],
        ["", "unbalanced", "dog: 1 clips in fold 1, 2 clips in fold 2", "kept"],
    ]


# What cannot be used


def test_of_many_unusable_files_a_handful_is_told(small_set):
    for path in (small_set / "audio").iterdir():
        path.write_bytes(b"")
    with pytest.raises(AudioError, match=r"8 of 8 audio files(.|\n)*and 3 more\nreplace") as raised:
        index(small_set)
    assert len(raised.value.details) == 8


def remove(path):
    path.unlink()


def empty(path):
    path.write_bytes(b"")


def truncate(path):
    path.write_bytes(path.read_bytes()[:1000])


def scramble(path):
    path.write_bytes(b"not audio at all" * 10)


def poison(path):
    soundfile.write(path, np.array([0.1, np.nan, 0.2]), RATE, "FLOAT")


def hollow(path):
    soundfile.write(path, np.zeros(0), RATE)


def overdrive(path):
    soundfile.write(path, np.array([[0.1, 0.1], [3e38, 3e38]]), RATE, "FLOAT")


def dangle(path):
    path.unlink()
    path.symlink_to("gone.wav")


UNUSABLE = [
    (remove, "missing", "there is no such file"),
    (dangle, "missing", "it is a link to 'gone.wav', which is not there"),
    (empty, "empty", "the file has 0 bytes"),
    (hollow, "empty", "the file holds 0 audio frames"),
    (truncate, "truncated", "its header claims 4044 bytes and the file has 1000"),
    (scramble, "undecodable", "Format not recognised; write it as one of WAV, .*, FLAC, MP3"),
    (poison, "not_finite", "frame 1 is NaN or infinite"),
    (overdrive, "not_finite", r"frame 1 is 3e\+38, where full scale is 1"),
]


@pytest.mark.parametrize(("spoil", "rule", "detail"), UNUSABLE)
def test_unusable_file_is_an_error_that_names_it(small_set, spoil, rule, detail):
    spoil(small_set / "audio" / BAD)
    with pytest.raises(AudioError, match=rf"1 of 8 audio files.*\n  .*{BAD}: {rule}: {detail}"):
        index(small_set)


@pytest.mark.parametrize(("spoil", "rule", "detail"), UNUSABLE)
def test_unusable_file_is_skipped_and_listed(small_set, spoil, rule, detail):
    spoil(small_set / "audio" / BAD)
    clips, audit = index(small_set, on_bad_audio="skip")
    assert len(clips) == 7
    assert f"audio/{BAD}" not in set(clips["file"])
    assert audit.iloc[0][["file", "rule", "action"]].tolist() == [f"audio/{BAD}", rule, "skipped"]
    assert re.search(detail, audit.iloc[0]["detail"])


def test_all_unusable_files_are_listed_at_once(small_set):
    for name in ("1-0-A-0.wav", "2-2-A-0.wav"):
        empty(small_set / "audio" / name)
    with pytest.raises(AudioError, match=r"2 of 8(.|\n)*1-0-A-0(.|\n)*2-2-A-0"):
        index(small_set)


def test_skipping_must_leave_something(small_set):
    shutil.rmtree(small_set / "audio")
    with pytest.raises(AudioError, match="8 of 8 audio files cannot be used"):
        index(small_set, on_bad_audio="skip")


def test_recording_in_two_folds(small_set, rows, meta_writer):
    rows[2]["src_file"] = rows[0]["src_file"]
    meta_writer(small_set, rows)
    with pytest.raises(DataError, match="recording 0: 1-0-A-0 in fold 1, 2-2-A-0 in fold 2"):
        index(small_set)


@pytest.mark.parametrize(
    ("policy", "action"), [("keep", "kept"), ("exclude", "left out where its recording asks")]
)
def test_a_folder_may_have_recordings_in_several_folds(
    small_set, rows, meta_writer, policy, action
):
    rows[2]["src_file"] = 0
    meta_writer(small_set, rows)
    clips, audit = index(small_set, on_split_recording=policy)
    detail = "recording 0: 1-0-A-0 in fold 1, 2-2-A-0 in fold 2"
    assert len(clips) == len(rows)
    assert audit.to_numpy().tolist() == [
        [f"audio/{clip}.wav", "split_recording", detail, action] for clip in ("1-0-A-0", "2-2-A-0")
    ]


def test_copies_in_two_folds_are_one_recording_in_two_folds(small_set):
    shutil.copy(small_set / "audio/1-0-A-0.wav", small_set / "audio/2-2-A-0.wav")
    with pytest.raises(DataError, match="recording 0: 1-0-A-0 in fold 1, 2-2-A-0 in fold 2"):
        index(small_set)
    clips, audit = index(small_set, on_split_recording="keep")
    recordings = clips.set_index("id")["src_file"]
    assert recordings["1-0-A-0"] == recordings["2-2-A-0"]
    listed = audit[audit["rule"] == "copy"]
    assert listed[["file", "detail", "action"]].to_numpy().tolist() == [
        ["audio/1-0-A-0.wav", "the bytes of audio/2-2-A-0.wav", "taken for one recording"],
        ["audio/2-2-A-0.wav", "the bytes of audio/1-0-A-0.wav", "taken for one recording"],
    ]


def test_a_copy_under_another_class_is_an_error(small_set, rows):
    first = rows[0]
    other = next(row for row in rows if row["category"] != first["category"])
    shutil.copy(small_set / "audio" / first["filename"], small_set / "audio" / other["filename"])
    with pytest.raises(DataError, match="the same bytes under two classes: 1 fault"):
        index(small_set)


def test_names_that_are_read_as_one_are_listed(small_set, rows, meta_writer):
    name = rows[0]["category"]
    rows[0] |= {"category": name.upper(), "target": 99}
    meta_writer(small_set, rows)
    _, audit = index(small_set)
    listed = audit[audit["rule"] == "near_names"]
    told = f"classes '{name.upper()}' and '{name}'"
    assert listed["detail"].tolist() == [told]
    with pytest.raises(DataError, match=f"read as one: 1 fault:\n  {told}\n.*on_near_names: keep"):
        index(small_set, on_near_names="error")


def test_recordings_that_are_read_as_one_are_listed(small_set, rows, meta_writer):
    rows[0]["src_file"], rows[1]["src_file"] = "r1", "R1"
    meta_writer(small_set, rows)
    _, audit = index(small_set)
    listed = audit[audit["rule"] == "near_names"]
    assert listed["detail"].tolist() == ["recordings 'R1' and 'r1'"]
    with pytest.raises(DataError, match="recordings 'R1' and 'r1'"):
        index(small_set, on_near_names="error")


def test_clips_that_are_read_as_one_are_listed(small_set, rows, meta_writer):
    name = rows[0]["filename"]
    other = str(name).replace("A", "a")
    shutil.copy(small_set / "audio" / name, small_set / "audio" / other)
    meta_writer(small_set, [*rows, rows[0] | {"filename": other, "src_file": 99}])
    _, audit = index(small_set)
    listed = audit[audit["rule"] == "near_names"]
    assert listed["detail"].tolist() == [f"clips {name[:-4]!r} and {other[:-4]!r}"]


def test_a_level_that_no_recording_has_is_listed(small_set):
    waveform = 20_000 * np.random.default_rng(0).uniform(-1, 1, RATE)
    soundfile.write(small_set / "audio" / BAD, waveform, RATE, "FLOAT")
    _, audit = index(small_set)
    listed = audit[audit["rule"] == "level"]
    assert listed["file"].tolist() == [f"audio/{BAD}"]
    assert "where full scale is 1" in listed["detail"].item()


def test_esc50_must_be_whole(small_set):
    with pytest.raises(DataError, match="clips: 8, not 2000"):
        build_index(small_set, "esc50", duration=5)


def test_synthetic_must_be_balanced(tmp_path):
    root = tmp_path / "set"
    generate(root, recordings=1, takes=1, duration=0.1, sample_rate=16_000)
    assert len(build_index(root, "synthetic", duration=0.1, sample_rate=16_000)[0]) == 50
    csv = root / "meta" / "esc50.csv"
    csv.write_text("".join(csv.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(DataError, match="unbalanced folds: 1 fault"):
        build_index(root, "synthetic", duration=0.1, sample_rate=16_000)


def test_faulty_arguments(small_set):
    with pytest.raises(ParameterError, match="on_bad_audio='ignore' is not known"):
        index(small_set, on_bad_audio="ignore")
    with pytest.raises(ParameterError, match="on_near_names='list' is not known"):
        index(small_set, on_near_names="list")
    with pytest.raises(ParameterError, match="on_split_recording='drop' is not known"):
        index(small_set, on_split_recording="drop")
    with pytest.raises(ParameterError, match="duration=-1"):
        index(small_set, duration=-1)


@pytest.mark.real_data
def test_esc10_is_read_whole(esc10):
    clips, audit = build_index(esc10, "esc10", duration=5.0, n_threads=2)
    assert len(clips) == 400
    assert clips["category"].nunique() == 10
    assert set(clips.groupby(["category", "fold"]).size()) == {8}
    assert (clips["sample_rate"] == 44_100).all()
    assert clips["sha256"].is_unique
    assert set(audit["rule"]) <= {"shorter", "longer"}


@pytest.mark.real_data
def test_every_clip_of_esc10_decodes_to_five_seconds(esc10):
    files = sorted((esc10 / "audio").iterdir())
    out = np.full((len(files), 220_500), np.nan, np.float32)
    decode_clips(files, out, sample_rate=44_100, duration=5.0, n_threads=2)
    assert len(files) == 400
    assert np.isfinite(out).all()
    assert (np.abs(out).max(axis=1) > 0.01).all()


def test_a_file_that_is_replaced_while_it_is_read_is_named(small_set, monkeypatch):
    def replaced_meanwhile(path):
        if path.name == BAD:
            put(small_set, noise(0.25))
        return sha256_of(path)

    monkeypatch.setattr("resound.data.index.sha256_of", replaced_meanwhile)
    with pytest.raises(AudioError, match=rf"{BAD}: was replaced while it was read; run"):
        index(small_set)
