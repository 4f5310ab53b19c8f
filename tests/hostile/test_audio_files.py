"""Audio files: what libsndfile makes of damaged headers and bodies."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given

from resound.audio.reading import load
from resound.data.index import build_index
from tests.hostile.strategies import damaged

pytestmark = pytest.mark.hypothesis

FORMATS = ["wav", "aiff", "flac", "ogg", "mp3", "au", "caf", "w64"]
RATE = 8_000


def small_file(folder: Path, form: str) -> bytes:
    path = folder / f"good.{form}"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(RATE // 20), RATE)
    return path.read_bytes()


@pytest.mark.parametrize("form", FORMATS)
def test_a_damaged_audio_file_is_decoded_or_refused(tmp_path, report, form):
    """an audio file with damaged bytes, decoded"""
    path = tmp_path / f"clip.{form}"

    def decode():
        waveform = load(path, sample_rate=RATE, duration=0.1)
        assert waveform.shape == (800,)
        assert np.isfinite(waveform).all()

    @given(damaged(small_file(tmp_path, form)))
    def holds(content):
        path.write_bytes(content)
        report.read(decode, path.name)

    holds()
    report.write(details=form)


def test_a_damaged_audio_file_is_indexed_or_refused(tmp_path, report):
    """an audio file with damaged bytes, measured for the index"""
    path = tmp_path / "audio" / "clip.wav"
    path.parent.mkdir()
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "clips.csv").write_text("filename,category\nclip.wav,dog\n")

    @given(damaged(small_file(tmp_path, "wav")))
    def holds(content):
        path.write_bytes(content)
        report.read(lambda: build_index(tmp_path, "folder", duration=0.1), path.name)

    holds()
    report.write()
