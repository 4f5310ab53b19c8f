import numpy as np
import pytest
import scipy.fft
from hypothesis import given
from hypothesis import strategies as st

from resound.dsp.bands import band_power
from resound.dsp.filterbanks import linear_filters
from resound.dsp.stft import power_spectrogram
from resound.errors import ParameterError


@given(
    clips=st.integers(1, 3),
    samples=st.integers(1, 400),
    n_fft=st.integers(1, 24),
    hop_length=st.integers(1, 9),
    n_bands=st.integers(1, 40),
    sparsity=st.floats(0, 1),
    workers=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_it_is_the_product_of_filters_and_power(
    clips, samples, n_fft, hop_length, n_bands, sparsity, workers, seed
):
    """Filters may have holes, be zero throughout and stand in any order."""
    rng = np.random.default_rng(seed)
    waveforms = rng.standard_normal((clips, samples))
    filters = rng.random((n_bands, 1 + n_fft // 2))
    filters *= rng.random(filters.shape) >= sparsity
    framing = {"n_fft": n_fft, "hop_length": hop_length, "window": "hamming"}
    with scipy.fft.set_workers(workers):
        ours = band_power(waveforms, filters, **framing)
    expected = power_spectrogram(waveforms, **framing) @ filters.T
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)


def test_leading_axes_and_precision_are_those_of_the_clips():
    clips = np.random.default_rng(0).standard_normal((2, 3, 400)).astype(np.float32)
    filters = linear_filters(sample_rate=8000, n_fft=64, n_filters=20)
    ours = band_power(clips, filters, n_fft=64, hop_length=16, win_length=50)
    assert ours.shape == (2, 3, 26, 20)
    assert ours.dtype == np.float32
    alone = band_power(clips[1, 2], filters, n_fft=64, hop_length=16, win_length=50)
    np.testing.assert_array_equal(ours[1, 2], alone)


def test_filters_must_be_made_for_the_transform():
    filters = linear_filters(sample_rate=8000, n_fft=32, n_filters=4)
    with pytest.raises(ParameterError, match=r"filters of shape \(4, 17\) must have the 33 bins"):
        band_power(np.ones((1, 400)), filters, n_fft=64, hop_length=16)
