"""Stretching of time: against librosa's, and what is known of a tone."""

import numpy as np
import pytest

from resound.dsp.stretch import time_stretch
from resound.errors import ParameterError
from resound.evaluation.reference import librosa

RATE = 22_050


def sound(samples: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(samples) / RATE
    tones = sum(np.sin(2 * np.pi * f * t + rng.uniform(0, 6)) for f in (220.0, 701.0, 3000.0))
    return (0.1 * tones + 0.02 * rng.normal(size=samples)).astype(np.float32)


@pytest.mark.parametrize("rate", [0.5, 0.8, 0.97, 1.0, 1.13, 1.25, 2.0])
@pytest.mark.parametrize("samples", [4096, 22_050, 30_001])
def test_it_is_what_librosa_stretches(rate, samples):
    x = sound(samples)
    ours, theirs = time_stretch(x, rate), librosa.effects.time_stretch(x, rate=rate)
    assert ours.shape == theirs.shape
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, atol=2e-3)


def test_a_tone_keeps_its_pitch_and_its_level_and_loses_time():
    t = np.arange(2 * RATE) / RATE
    slow = time_stretch(np.sin(2 * np.pi * 1000 * t), 0.8)
    assert len(slow) == round(2 * RATE / 0.8)
    middle = slow[RATE : RATE + 8192] * np.hanning(8192)
    assert np.abs(np.fft.rfft(middle)).argmax() * RATE / 8192 == pytest.approx(1000, abs=3)
    assert 0.85 < np.abs(slow[RATE:-RATE]).max() < 1.05  # phases that are not locked lose some


def test_at_its_own_rate_a_sound_stays_as_it_is():
    x = sound(20_000)
    np.testing.assert_allclose(time_stretch(x, 1.0), x, atol=1e-5)


@pytest.mark.parametrize("samples", [1, 2, 511, 513])
def test_short_and_silent_clips_end_as_long_as_they_should(samples):
    silent = np.zeros(samples, np.float32)
    for rate in (0.5, 1.0, 1.9):
        stretched = time_stretch(silent, rate)
        assert stretched.shape == (round(samples / rate),)
        assert not stretched.any()
        assert np.isfinite(time_stretch(sound(samples), rate)).all()


@pytest.mark.parametrize("rate", [0.0, -1.0, np.inf, np.nan])
def test_what_is_no_rate_is_said(rate):
    with pytest.raises(ParameterError, match="must be more than 0"):
        time_stretch(np.zeros(10), rate)


def test_frames_must_overlap_by_half():
    with pytest.raises(ParameterError, match="at most half of n_fft=64"):
        time_stretch(np.zeros(100), 1.1, n_fft=64, hop_length=33)
