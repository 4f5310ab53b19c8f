import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resound.dsp.cepstrum import largest_lag, pre_emphasise
from resound.errors import ParameterError
from resound.evaluation.reference import librosa
from resound.features import extract


@given(st.integers(0, 99), st.integers(2, 50), st.floats(-1, 1))
def test_pre_emphasis_is_librosa_s(seed, samples, coefficient):
    clips = np.random.default_rng(seed).standard_normal((2, samples))
    theirs = librosa.effects.preemphasis(clips, coef=coefficient)
    np.testing.assert_allclose(pre_emphasise(clips, coefficient), theirs, atol=1e-12)


def plain_lags(clip, n_fft, hop_length):
    lags = []
    for start in range(0, len(clip) - n_fft + 1, hop_length):
        frame = clip[start : start + n_fft] * np.hamming(n_fft)
        cepstrum = np.fft.ifft(np.log(np.abs(np.fft.fft(frame)) + 1e-10)).real
        lags.append(max(range(1, n_fft // 2), key=lambda lag: cepstrum[lag]))
    return lags


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(4, 64), st.integers(1, 70), st.integers(0, 200))
def test_equals_the_plain_cepstrum(seed, n_fft, hop_length, more):
    clip = np.random.default_rng(seed).standard_normal(n_fft + more)
    found = largest_lag(clip, n_fft=n_fft, hop_length=hop_length, window="hamming")
    np.testing.assert_array_equal(found, plain_lags(clip, n_fft, hop_length))


def test_the_period_of_pulses_is_the_lag():
    clip = np.zeros(8000)
    clip[::80] = 1.0
    framing = {"sample_rate": 8000, "n_fft": 1024, "hop_length": 256}
    np.testing.assert_array_equal(extract("cepstral_lag", clip, **framing), 80)
    np.testing.assert_array_equal(extract("cepstral_rate", clip, **framing), 100)
    assert extract("cepstral_lag", clip, **framing).shape == (1 + (8000 - 1024) // 256, 1)


def test_silence_has_the_smallest_lag():
    framing = {"sample_rate": 8000, "n_fft": 512, "hop_length": 256}
    np.testing.assert_array_equal(extract("cepstral_lag", np.zeros(2000), **framing), 1)


def test_a_frame_without_lags_is_refused():
    with pytest.raises(ParameterError, match="n_fft=3 leaves no lag"):
        largest_lag(np.zeros(9), n_fft=3, hop_length=1, window="hann")
