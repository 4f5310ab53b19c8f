"""Lag of the cepstrum's largest value over time, and its rate: what the study calls F0 and F1."""

from typing import Any

import numpy as np

from resound.dsp.arrays import FloatArray
from resound.dsp.cepstrum import largest_lag, pre_emphasise
from resound.registry import FEATURES


@FEATURES.register("cepstral_lag")
def cepstral_lag(
    waveforms: FloatArray,
    *,
    sample_rate: int,
    n_fft: int,
    hop_length: int,
    window: str = "hamming",
    pre_emphasis: float = 0.97,
) -> FloatArray:
    """Return the lag in samples at which each frame's cepstrum is largest.

    It is measured on every frame, voiced or not, and of noise it is 1 most of the time: the
    cepstrum tells of the spectrum's slope there. `resound.features.pitch.f0` looks for a pitch.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    sample_rate : int
        Hz; the values do not depend on it.
    n_fft, hop_length : int
        Length of a frame and distance between two, in samples. Frames are not centred: the first
        begins with the clip, and the last ends within it.
    window : {"hamming", "hann"}
        Symmetric window.
    pre_emphasis : float
        As `resound.dsp.cepstrum.pre_emphasise` takes it.

    Returns
    -------
    ndarray, shape (clips, frames, 1)
        Whole samples from 1 to ``n_fft // 2 - 1`` (`resound.dsp.cepstrum.largest_lag`).

    Raises
    ------
    ParameterError
        For an option out of its range.

    Examples
    --------
    Pulses every 80 samples, a hundred a second at 8 kHz:

    >>> pulses = np.zeros((1, 8000))
    >>> pulses[:, ::80] = 1.0
    >>> cepstral_lag(pulses, sample_rate=8000, n_fft=1024, hop_length=3488).ravel()
    array([80., 80., 80.])
    """
    emphasised = pre_emphasise(waveforms, pre_emphasis)
    lags = largest_lag(emphasised, n_fft=n_fft, hop_length=hop_length, window=window)
    return lags[..., np.newaxis]


@FEATURES.register("cepstral_rate", extends="cepstral_lag")
def cepstral_rate(waveforms: FloatArray, *, sample_rate: int, **options: Any) -> FloatArray:
    """Return ``sample_rate`` over the lag that `cepstral_lag` returns.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    sample_rate : int
        Hz.
    **options
        As `cepstral_lag`.

    Returns
    -------
    ndarray, shape (clips, frames, 1)
        Hz, up to the sample rate itself.

    Raises
    ------
    ParameterError
        For an option out of its range.

    Examples
    --------
    >>> pulses = np.zeros((1, 8000))
    >>> pulses[:, ::80] = 1.0
    >>> cepstral_rate(pulses, sample_rate=8000, n_fft=1024, hop_length=3488).ravel()
    array([100., 100., 100.])
    """
    return sample_rate / cepstral_lag(waveforms, sample_rate=sample_rate, **options)
