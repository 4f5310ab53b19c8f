"""Every container that libsndfile writes: a whole file is decoded, one that was cut is refused."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from resound.audio.containers import CONTAINERS, fault_of
from resound.audio.reading import UnreadableAudio, load
from tests.examples import examples

RATE = 16_000
SECONDS = 2.0
# Bits that a float32 gives back.
PCM = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 24, "FLOAT": 24}
PCM |= {"DOUBLE": 24, "ALAC_16": 16, "ALAC_20": 20, "ALAC_24": 24, "ALAC_32": 24}


# All that the installed libsndfile knows, but for files without a header.
KINDS = [
    pytest.param(container, subtype, id=f"{container}-{subtype}")
    for container in soundfile.available_formats()
    for subtype in soundfile.available_subtypes(container)
    if container != "RAW"
]


def sound(seconds=SECONDS, rate=RATE):
    """Return a tone in noise, whose first half is silent."""
    t = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(0).normal(size=t.size)
    return np.where(t < seconds / 2, 0.0, 0.4 * np.sin(2764.6 * t) + 0.05 * noise)


def written(path, container, subtype):
    """Write a file, at the rate that its kind takes; skip where libsndfile cannot after all."""
    for rate in (RATE, RATE // 2):
        if soundfile.check_format(container, subtype):
            try:
                soundfile.write(path, sound(rate=rate), rate, subtype=subtype, format=container)
                return rate
            except soundfile.LibsndfileError as error:
                reason = error.error_string
    pytest.skip(f"libsndfile does not write it: {reason}")


@pytest.mark.trouble(
    "a file of each kind that libsndfile writes, whole and cut to 60 %",
    "the whole one decoded to the sample or the kind not accepted; the cut one refused",
)
@pytest.mark.parametrize(("container", "subtype"), KINDS)
def test_a_whole_file_is_decoded_and_a_cut_one_is_refused(tmp_path, container, subtype):
    path = tmp_path / f"clip.{container.lower()}"
    rate = written(path, container, subtype)
    if container in CONTAINERS and not subtype.startswith("DWVW"):
        decoded = load(path, sample_rate=rate, duration=SECONDS)
        if subtype in PCM:
            step = 2.0 ** (1 - PCM[subtype])
            np.testing.assert_allclose(decoded, sound(rate=rate), rtol=0, atol=step)
        else:
            assert np.corrcoef(decoded, sound(rate=rate))[0, 1] > 0.95
    else:
        with pytest.raises(UnreadableAudio, match="undecodable"):
            load(path, sample_rate=rate, duration=SECONDS)
    content = path.read_bytes()
    path.write_bytes(content[: round(0.6 * len(content))])
    with pytest.raises(UnreadableAudio, match=r"truncated|undecodable|empty"):
        load(path, sample_rate=rate, duration=SECONDS)


def test_an_mp3_of_varying_rate_without_a_table_is_refused(tmp_path):
    path = tmp_path / "clip.mp3"
    soundfile.write(path, sound(6.0), RATE, bitrate_mode="VARIABLE", compression_level=0.5)
    load(path, sample_rate=RATE, duration=6.0)
    content = bytearray(path.read_bytes())
    at = max(content.find(b"Xing"), content.find(b"Info"))
    content[at : at + 120] = bytes(120)
    path.write_bytes(content)
    with pytest.raises(UnreadableAudio, match=r"undecodable: \d+ frames would be read of \d+"):
        load(path, sample_rate=RATE, duration=6.0)


def test_a_second_ogg_stream_behind_the_first_is_seen(tmp_path):
    path = tmp_path / "clip.ogg"
    soundfile.write(path, sound(), RATE)
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(UnreadableAudio, match="undecodable: another stream follows"):
        load(path, sample_rate=RATE, duration=SECONDS)


def test_a_flac_header_that_states_too_few_samples_is_seen(tmp_path):
    path = tmp_path / "clip.flac"
    soundfile.write(path, sound(), RATE)
    content = bytearray(path.read_bytes())
    content[22:26] = (RATE).to_bytes(4, "big")  # the low 32 bits of the samples of the stream
    path.write_bytes(content)
    with pytest.raises(UnreadableAudio, match="undecodable: 16000 frames would be read of 32000"):
        load(path, sample_rate=RATE, duration=SECONDS)


@examples(times=0.5)
@given(
    n_samples=st.integers(1, 40_000),
    rate=st.sampled_from([8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000]),
    channels=st.integers(1, 2),
    kind=st.sampled_from(
        [("FLAC", "PCM_S8"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"),
         ("MP3", "MPEG_LAYER_III"), ("W64", "PCM_24"), ("RF64", "PCM_16"), ("AU", "FLOAT")]
    ),
    seed=st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_no_whole_file_is_refused(tmp_path_factory, n_samples, rate, channels, kind, seed):
    if kind[0] == "MP3" and rate == 96_000:
        rate = 48_000
    path = tmp_path_factory.getbasetemp() / f"whole.{kind[0].lower()}"
    waveform = 0.1 * np.random.default_rng(seed).normal(size=(n_samples, channels))
    soundfile.write(path, waveform, rate, format=kind[0], subtype=kind[1])
    with soundfile.SoundFile(path) as file:
        assert fault_of(path, file.format, file.frames) is None
