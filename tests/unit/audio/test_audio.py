import os
import struct

import numpy as np
import pytest
import soundfile
import soxr

from resound.audio.reading import (
    UnreadableAudio,
    count_samples,
    decode_clips,
    fit_length,
    load,
    mono_blocks,
    open_audio,
)
from resound.errors import AudioError, ParameterError
from resound.files import sha256_of

RATE = 16_000


@pytest.fixture
def noise():
    return 0.1 * np.random.default_rng(0).standard_normal(RATE)


@pytest.fixture
def pcm():
    return np.random.default_rng(0).integers(-(2**15), 2**15, RATE, dtype=np.int16)


def write(path, waveform, rate=RATE, **options):
    soundfile.write(path, waveform, rate, **options)
    return path


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.aiff", "a.w64"])
def test_lossless_formats_give_the_samples_back(tmp_path, pcm, name):
    found = load(write(tmp_path / name, pcm), sample_rate=RATE, duration=1.0)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, pcm / 2**15)


@pytest.mark.parametrize("name", ["a.ogg", "a.mp3"])
def test_lossy_formats_give_something_close(tmp_path, name):
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    found = load(write(tmp_path / name, tone), sample_rate=RATE, duration=1.0)
    assert np.corrcoef(found, tone)[0, 1] > 0.999


def test_stereo_is_the_mean_of_the_channels(tmp_path, noise):
    stereo = np.stack([noise, 0.5 * noise[::-1]], axis=1)
    path = write(tmp_path / "a.wav", stereo, subtype="FLOAT")
    found = load(path, sample_rate=RATE, duration=1.0)
    np.testing.assert_allclose(found, stereo.mean(axis=1), atol=1e-7)


def test_shorter_gets_zeros_and_longer_is_cut(tmp_path, noise):
    path = write(tmp_path / "a.wav", noise, subtype="FLOAT")
    longer = load(path, sample_rate=RATE, duration=1.5)
    np.testing.assert_array_equal(longer[:RATE], noise.astype(np.float32))
    assert not longer[RATE:].any()
    assert len(longer) == 24_000
    shorter = load(path, sample_rate=RATE, duration=0.3)
    np.testing.assert_array_equal(shorter, noise[:4800].astype(np.float32))


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_other_rates_are_resampled_by_soxr(tmp_path, rate):
    t = np.arange(rate) / rate
    path = write(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 1000 * t), rate, subtype="FLOAT")
    found = load(path, sample_rate=RATE, duration=1.0)
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    # The filter sees silence beyond the ends; in the middle HQ keeps 20 bits.
    np.testing.assert_allclose(found[1000:-1000], expected[1000:-1000], atol=2e-5)


def test_a_cut_before_resampling_does_not_show(tmp_path):
    waveform = 0.1 * np.random.default_rng(1).standard_normal(4 * 44_100).astype(np.float32)
    path = write(tmp_path / "a.wav", waveform, 44_100, subtype="FLOAT")
    whole = soxr.resample(waveform, 44_100, RATE, "HQ")[:RATE]
    np.testing.assert_allclose(load(path, sample_rate=RATE, duration=1.0), whole, atol=1e-6)


def test_quality_reaches_soxr(tmp_path, noise):
    path = write(tmp_path / "a.wav", noise)
    low, high = (load(path, sample_rate=8_000, duration=1.0, quality=q) for q in ("LQ", "VHQ"))
    assert np.abs(low - high).max() > 1e-3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"quality": "best"}, "quality='best' is not known"),
        ({"sample_rate": 0}, "sample_rate=0 must be a positive integer of Hz"),
        ({"duration": float("nan")}, "duration=nan must be a finite"),
        ({"duration": 1e-9}, "duration=1e-09 must be a finite number of seconds that holds"),
    ],
)
def test_faulty_arguments(tmp_path, noise, changes, message):
    path = write(tmp_path / "a.wav", noise)
    with pytest.raises(ParameterError, match=message):
        load(path, **{"sample_rate": RATE, "duration": 1.0, **changes})


def test_lengths():
    assert count_samples(5.0, 44_100) == 220_500
    assert count_samples(0.1, 22_050) == 2205
    assert len(fit_length(np.ones(3, np.float32), 2)) == 2
    assert fit_length(np.ones(3, np.float32), 5).tolist() == [1, 1, 1, 0, 0]


# Files that cannot be used


def test_missing_file(tmp_path):
    with pytest.raises(UnreadableAudio, match=r"a\.wav: missing: there is no such file; replace"):
        load(tmp_path / "a.wav", sample_rate=RATE, duration=1.0)


@pytest.mark.trouble("a recording whose name is not UTF-8", "read as any other")
@pytest.mark.skipif(os.name != "posix", reason="names of files are text there")
def test_a_file_whose_name_is_no_text_is_read(tmp_path, noise):
    expected = load(write(tmp_path / "a.wav", noise), sample_rate=RATE, duration=1.0)
    (tmp_path / "a.wav").rename(tmp_path / os.fsdecode(b"caf\xe9.wav"))
    found = load(tmp_path / os.fsdecode(b"caf\xe9.wav"), sample_rate=RATE, duration=1.0)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("name", "kept", "rule"),
    [
        ("a.wav", 0.5, "truncated"),
        ("a.wav", 0.001, "undecodable|truncated|empty"),
        ("a.aiff", 0.5, "truncated"),
        ("a.ogg", 0.5, "truncated"),
        ("a.ogg", 0.01, "undecodable"),
        ("a.flac", 0.5, "undecodable|truncated"),
        ("a.flac", 0.01, "undecodable|truncated"),
        ("a.wav", 0.0, "empty"),
    ],
)
def test_truncated_file(tmp_path, noise, name, kept, rule):
    path = write(tmp_path / name, np.tile(noise, 4))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(UnreadableAudio, match=rf"{name}: ({rule}): ") as caught:
        load(path, sample_rate=RATE, duration=5.0)
    assert caught.value.path == path


def test_ogg_cut_between_two_pages(tmp_path, noise):
    path = write(tmp_path / "a.ogg", np.tile(noise, 4))
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"OggS")])
    with pytest.raises(UnreadableAudio, match="truncated: the page that ends an Ogg stream"):
        load(path, sample_rate=RATE, duration=5.0)


def test_wav_of_unknown_length_from_a_pipe_is_read(tmp_path, pcm):
    path = write(tmp_path / "a.wav", pcm)
    content = bytearray(path.read_bytes())
    for at in (4, 40):
        struct.pack_into("<I", content, at, 0xFFFFFFFF)
    path.write_bytes(content)
    found = load(path, sample_rate=RATE, duration=1.0)
    np.testing.assert_array_equal(found, pcm / 2**15)


def test_flac_header_that_claims_a_year_allocates_nothing(tmp_path, noise):
    path = write(tmp_path / "a.flac", noise)
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F
    content[22:26] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    with pytest.raises(UnreadableAudio, match=r"a\.flac: (truncated|undecodable)"):
        load(path, sample_rate=RATE, duration=1e6)


def test_flac_header_without_length(tmp_path, noise):
    path = write(tmp_path / "a.flac", noise)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    with pytest.raises(UnreadableAudio, match="does not state how many frames"):
        load(path, sample_rate=RATE, duration=1.0)


@pytest.mark.parametrize("rate", [500, 2_000_000])
def test_implausible_rate(tmp_path, noise, rate):
    path = write(tmp_path / "a.wav", noise, rate)
    with pytest.raises(UnreadableAudio, match=rf"undecodable: its header claims {rate} Hz"):
        load(path, sample_rate=RATE, duration=1.0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers(tmp_path, noise, value):
    noise[77] = value
    path = write(tmp_path / "a.wav", noise, subtype="FLOAT")
    with pytest.raises(UnreadableAudio, match="not_finite: frame 77 is NaN or infinite"):
        load(path, sample_rate=RATE, duration=1.0)


def test_blocks_are_multiples_of_the_window_and_make_up_the_file(tmp_path, noise, monkeypatch):
    path = write(tmp_path / "a.wav", np.stack([noise, noise], axis=1), subtype="FLOAT")
    monkeypatch.setattr("resound.audio.reading.BLOCK_SAMPLES", 1000)
    with open_audio(path) as file:
        blocks = list(mono_blocks(file, window=160))
    assert {len(block) for block in blocks[:-1]} == {480}
    np.testing.assert_array_equal(np.concatenate(blocks), noise.astype(np.float32))


# Many files


def test_decode_clips_is_load_for_each_row(tmp_path, noise):
    paths = [write(tmp_path / f"{i}.wav", noise * i / 10, 8_000 * i) for i in (1, 2, 3)]
    out = np.empty((3, RATE), np.float32)
    decode_clips(paths, out, sample_rate=RATE, duration=1.0, n_threads=2)
    for row, path in zip(out, paths, strict=True):
        np.testing.assert_array_equal(row, load(path, sample_rate=RATE, duration=1.0))


def test_decode_clips_lists_all_unreadable_files(tmp_path, noise):
    good = write(tmp_path / "good.wav", noise)
    paths = [tmp_path / "one.wav", good, tmp_path / "two.wav"]
    out = np.zeros((3, RATE), np.float32)
    with pytest.raises(AudioError, match=r"one\.wav: missing(.|\n)*two\.wav: missing"):
        decode_clips(paths, out, sample_rate=RATE, duration=1.0)
    assert out[1].any()


@pytest.mark.parametrize(("shape", "dtype"), [((2, RATE), "f4"), ((1, 5), "f4"), ((1, RATE), "f8")])
def test_decode_clips_needs_room_that_fits(tmp_path, noise, shape, dtype):
    path = write(tmp_path / "a.wav", noise)
    with pytest.raises(ParameterError, match=r"these clips need float32 \(1, 16000\)"):
        decode_clips([path], np.empty(shape, dtype), sample_rate=RATE, duration=1.0)


def test_a_file_that_was_replaced_after_it_was_indexed_is_named(tmp_path, noise):
    paths = [write(tmp_path / f"{name}.wav", noise) for name in ("one", "two")]
    digests = [sha256_of(path) for path in paths]
    out = np.empty((2, RATE), np.float32)
    decode_clips(paths, out, sample_rate=RATE, duration=1.0, digests=digests)
    write(paths[1], noise[::-1])
    with pytest.raises(AudioError, match=r"^\S*two\.wav: was replaced .* --forcerun build_index$"):
        decode_clips(paths, out, sample_rate=RATE, duration=1.0, digests=digests)
