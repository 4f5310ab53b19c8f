"""The lag of the cepstrum's largest value over time: what the study calls F0, and its F1."""

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
        Clips.
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
        1 to n_fft / 2 - 1 (`resound.dsp.cepstrum.largest_lag`).

    Raises
    ------
    ParameterError
        For an option out of its range.
    """
    emphasised = pre_emphasise(waveforms, pre_emphasis)
    lags = largest_lag(emphasised, n_fft=n_fft, hop_length=hop_length, window=window)
    return lags[..., np.newaxis]


@FEATURES.register("cepstral_rate", extends="cepstral_lag")
def cepstral_rate(waveforms: FloatArray, *, sample_rate: int, **options: Any) -> FloatArray:
    """Return ``sample_rate`` over the lag that `cepstral_lag` returns; same arguments.

    Returns
    -------
    ndarray, shape (clips, frames, 1)
        Hz, up to the sample rate itself.
    """
    return sample_rate / cepstral_lag(waveforms, sample_rate=sample_rate, **options)
