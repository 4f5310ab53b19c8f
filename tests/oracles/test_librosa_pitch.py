"""The cepstral pitch against YIN and pYIN, on signals of known pitch."""

import numpy as np
import pytest

from resound.evaluation.reference import librosa
from resound.features import extract

BOUNDS = {"fmin": 75.0, "fmax": 600.0}


def pulse_tone(f0, sample_rate):
    """Twenty harmonics or as many as fit below the Nyquist frequency; f0 may vary in time."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(f0, sample_rate)) / sample_rate
    count = min(20, int(sample_rate / 2 / np.max(f0)))
    return sum(np.cos(k * phase + k**2) / k for k in range(1, count + 1))


@pytest.mark.parametrize(("sample_rate", "n_fft"), [(44100, 4096), (16000, 2048)])
@pytest.mark.parametrize("f0", [90.0, 147.0, 262.0, 523.0])
def test_steady_tones(sample_rate, n_fft, f0):
    tone = pulse_tone(f0, sample_rate)
    framing = {"hop_length": n_fft // 4}
    ours = extract("f0", tone, sample_rate=sample_rate, n_fft=n_fft, **framing, **BOUNDS)[4:-4, 0]
    yin = librosa.yin(tone, sr=sample_rate, frame_length=n_fft, **framing, **BOUNDS)[4:-4]
    # both interpolate a lag in whole samples: half a sample of the period, or one per cent
    np.testing.assert_allclose(ours, f0, rtol=max(0.01, 0.25 * f0 / sample_rate))
    np.testing.assert_allclose(ours, yin, rtol=max(0.01, 0.5 * f0 / sample_rate))


def test_a_glide():
    sample_rate, n_fft = 16000, 1024
    sweep = pulse_tone(np.geomspace(120, 360, sample_rate), sample_rate)
    framing = {"hop_length": 256}
    ours = extract("f0", sweep, sample_rate=sample_rate, n_fft=n_fft, **framing, **BOUNDS)[4:-4, 0]
    yin = librosa.yin(sweep, sr=sample_rate, frame_length=n_fft, **framing, **BOUNDS)[4:-4]
    # the pitch moves by 7 % within a frame
    np.testing.assert_allclose(ours, yin, rtol=0.035)


def test_voicing_agrees_with_pyin():
    """A tone in noise of -30 dB, then the noise alone at full level, then silence."""
    sample_rate, n_fft = 16000, 1024
    noise = np.random.default_rng(0).standard_normal(sample_rate)
    tone = pulse_tone(180.0, sample_rate)
    clip = np.concatenate([tone + 0.03 * noise, noise, np.zeros(sample_rate)])
    framing = {"hop_length": 256}
    ours = extract("f0", clip, sample_rate=sample_rate, n_fft=n_fft, **framing, **BOUNDS)[:, 0]
    _, voiced, _ = librosa.pyin(clip, sr=sample_rate, frame_length=n_fft, **framing, **BOUNDS)
    # apart from the frames that straddle a change, which the two may decide either way
    steady = np.ones(ours.size, dtype=bool)
    for change in (0, 63, 125, ours.size):
        steady[max(0, change - 4) : change + 4] = False
    np.testing.assert_array_equal((ours > 0)[steady], voiced[steady])
