"""The matrix's spectrogram against scipy's and librosa's, which know nothing of a matrix."""

import numpy as np
import pytest
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st

from resound.dsp.matrix import apply, spectrogram_operator
from resound.evaluation.reference import librosa

TOLERANCE = {"complex64": 1e-5, "complex128": 1e-12}
CASES = {
    "n_fft": st.sampled_from([2, 15, 64, 100, 256]),
    "more": st.integers(0, 700),
    "hop_length": st.integers(1, 300),
    "window": st.sampled_from(["hann", "hamming"]),
    "periodic": st.booleans(),
    "dtype": st.sampled_from(list(TOLERANCE)),
    "form": st.sampled_from(["sparse", "matrix-free"]),
    "seed": st.integers(0, 999),
}


def ours_of(clip, n_fft, form, **options):
    """Return the spectrogram (frames, bins) by A, and the tolerance of its precision."""
    matrix_free = form == "matrix-free"
    A = spectrogram_operator(clip.size, n_fft, as_linear_operator=matrix_free, **options)
    n_bins = n_fft // 2 + 1 if options["onesided"] else n_fft
    return apply(A, clip).reshape(-1, n_bins), TOLERANCE[options["dtype"]]


def assert_close(ours, expected, tolerance):
    """Compare relative to the peak, which is that of a frame of noise at the least."""
    scale = max(np.abs(expected).max(initial=0), 1.0)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=tolerance * scale)


@given(onesided=st.booleans(), **CASES)
def test_scipy(n_fft, more, window, periodic, seed, onesided, hop_length, **rest):
    clip = np.random.default_rng(seed).standard_normal(n_fft + more)
    transform = scipy.signal.ShortTimeFFT(
        scipy.signal.get_window(window, n_fft, fftbins=periodic),
        hop_length,
        fs=1,
        fft_mode="onesided" if onesided else "twosided",
        phase_shift=None,
    )
    n_frames = 1 + more // hop_length
    # Slice p is centred on sample p * hop + k_offset: the first one must start at sample 0.
    expected = transform.stft(clip, p0=0, p1=n_frames, k_offset=transform.m_num_mid).T
    options = {"window": window, "periodic": periodic, "hop_length": hop_length}
    ours, tolerance = ours_of(clip, n_fft, onesided=onesided, **options, **rest)
    assert_close(ours, expected, tolerance)


@pytest.mark.parametrize("center", [False, True])
@given(**CASES)
def test_librosa(center, n_fft, more, window, periodic, seed, hop_length, **rest):
    clip = np.random.default_rng(seed).standard_normal(n_fft + more)
    expected = librosa.stft(
        clip,
        n_fft=n_fft,
        hop_length=hop_length,
        window=scipy.signal.get_window(window, n_fft, fftbins=periodic),
        center=center,
    ).T
    options = {"window": window, "periodic": periodic, "hop_length": hop_length}
    ours, tolerance = ours_of(clip, n_fft, onesided=True, center=center, **options, **rest)
    assert_close(ours, expected, tolerance)


def test_five_seconds():
    """The study's setting on a clip of full length, in single precision."""
    clip = np.random.default_rng(0).standard_normal(220_500)
    window = scipy.signal.get_window("hann", 64, fftbins=False)
    expected = librosa.stft(clip, n_fft=64, hop_length=32, window=window, center=False).T
    ours = apply(spectrogram_operator(220_500, onesided=True), clip).reshape(expected.shape)
    assert_close(ours, expected, 1e-5)
