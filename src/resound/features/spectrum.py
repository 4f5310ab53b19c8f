"""Magnitude spectra: of the whole clip, over time, and what is derived from them."""

from typing import Any

import numpy as np
import scipy.fft

from resound.dsp.arrays import FloatArray
from resound.dsp.decibels import power_to_db
from resound.dsp.deltas import with_deltas
from resound.dsp.stft import magnitude_spectrogram
from resound.dsp.transforms import dct_matrix, project
from resound.errors import ParameterError, check_positive_int
from resound.registry import FEATURES


@FEATURES.register("fft", framed=False, scale="magnitude")
def fft(waveforms: FloatArray, *, sample_rate: int) -> FloatArray:
    """Return the magnitude spectrum of the whole clip, without a window.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    sample_rate : int
        Hz; the values do not depend on it: bin k lies at ``k * sample_rate / samples``.

    Returns
    -------
    ndarray, shape (clips, 1, 1 + samples // 2)
        At least 0, in units of the samples.

    Examples
    --------
    A clip that alternates between 1 and -1 is all in its last bin:

    >>> fft(np.array([[1.0, -1.0, 1.0, -1.0]]), sample_rate=4)
    array([[[0., 0., 4.]]])
    """
    magnitude: FloatArray = np.abs(scipy.fft.rfft(waveforms, axis=-1))
    return magnitude[:, np.newaxis, :]


@FEATURES.register("stft", scale="magnitude")
def stft(
    waveforms: FloatArray,
    *,
    sample_rate: int,
    n_fft: int,
    hop_length: int,
    window: str = "hamming",
    win_length: int | None = None,
) -> FloatArray:
    """Return the magnitude of the short-time Fourier transform.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    sample_rate : int
        Hz; the values do not depend on it: bin k lies at ``k * sample_rate / n_fft``.
    n_fft, hop_length : int
        Length of a frame and distance between two, in samples.
    window : {"hamming", "hann"}
        Periodic window.
    win_length : int, optional
        Length of the window when it is shorter than `n_fft`, in samples.

    Returns
    -------
    ndarray, shape (clips, frames, 1 + n_fft // 2)
        At least 0, in units of the samples times the window's sum; ``abs(librosa.stft(...))``
        transposed.

    Raises
    ------
    ParameterError
        For an option out of its range.

    Examples
    --------
    >>> stft(np.zeros((2, 44100)), sample_rate=44100, n_fft=4096, hop_length=1024).shape
    (2, 44, 2049)
    """
    return magnitude_spectrogram(
        waveforms, n_fft=n_fft, hop_length=hop_length, window=window, win_length=win_length
    )


@FEATURES.register("stft_dct", extends="stft")
def stft_dct(
    waveforms: FloatArray,
    *,
    n_dct: int | None = None,
    top_db: float | None = 80.0,
    **options: Any,
) -> FloatArray:
    """Return the cepstrum of each frame: the DCT-II along frequency of its magnitude in dB.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    n_dct : int, optional
        Coefficients to keep from the first; by default all ``1 + n_fft // 2``.
    top_db : float or None
        Dynamic range of a clip in dB.
    **options
        As `stft`.

    Returns
    -------
    ndarray, shape (clips, frames, n_dct)
        dB, orthonormal.

    Raises
    ------
    ParameterError
        For an option out of its range.
    """
    magnitude = stft(waveforms, **options)
    n_bins = magnitude.shape[-1]
    n_dct = n_bins if n_dct is None else check_positive_int("n_dct", n_dct)
    if n_dct > n_bins:
        raise ParameterError(f"n_dct={n_dct} must not exceed the {n_bins} bins of the spectrum")
    decibels = power_to_db(np.square(magnitude, out=magnitude), top_db=top_db)
    return project(decibels, dct_matrix(n_bins, n_dct))


@FEATURES.register("stft_derivatives", extends="stft", scale="magnitude", planes=3)
def stft_derivatives(waveforms: FloatArray, *, width: int = 9, **options: Any) -> FloatArray:
    """Return the STFT magnitude with its first and second time derivatives.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    width : int
        Frames of a derivative, odd and at least 3.
    **options
        As `stft`.

    Returns
    -------
    ndarray, shape (clips, frames, 3 * (1 + n_fft // 2))
        Magnitude, derivative, second derivative along the last axis.

    Raises
    ------
    ParameterError
        For an option out of its range, or fewer than `width` frames.
    """
    return with_deltas(stft(waveforms, **options), width=width)
