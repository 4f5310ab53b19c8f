"""Fundamental frequency (F0) over time: the pitch of each frame in Hz, 0 where it has none."""

import numpy as np

from resound.dsp.arrays import FloatArray
from resound.dsp.pitch import cepstral_f0
from resound.dsp.stft import power_spectrogram
from resound.registry import FEATURES


@FEATURES.register("f0")
def f0(
    waveforms: FloatArray,
    *,
    sample_rate: int,
    n_fft: int,
    hop_length: int,
    fmin: float = 75.0,
    fmax: float = 600.0,
    threshold: float = 7.0,
    window: str = "hamming",
    win_length: int | None = None,
) -> FloatArray:
    """Return the fundamental frequency by the cepstral peak (`resound.dsp.pitch.cepstral_f0`).

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    sample_rate : int
        Hz.
    n_fft, hop_length : int
        Length of a frame and distance between two, in samples; a frame must hold two periods of
        `fmin`.
    fmin, fmax : float
        Range of the pitch in Hz.
    threshold : float
        Height of the cepstral peak that counts as voiced, in standard deviations of the cepstrum
        of white noise.
    window : {"hamming", "hann"}
        Periodic window.
    win_length : int, optional
        Length of the window when it is shorter than `n_fft`, in samples.

    Returns
    -------
    ndarray, shape (clips, frames, 1)
        Hz in [fmin, fmax], or 0 where unvoiced or silent.

    Raises
    ------
    ParameterError
        For an option out of its range, or a frame too short for `fmin`.

    Examples
    --------
    A hundred pulses a second, then silence:

    >>> pulses = np.zeros((1, 8000))
    >>> pulses[:, :4000:80] = 1.0
    >>> f0(pulses, sample_rate=8000, n_fft=1024, hop_length=2000).round().ravel()[[1, -1]]
    array([100.,   0.])
    """
    power = power_spectrogram(
        waveforms, n_fft=n_fft, hop_length=hop_length, window=window, win_length=win_length
    )
    pitch = cepstral_f0(
        power, sample_rate=sample_rate, n_fft=n_fft, fmin=fmin, fmax=fmax, threshold=threshold
    )
    return pitch[..., np.newaxis]
