"""Real cepstrum of frames: the lag at which it is largest, and the pre-emphasis before it."""

import numpy as np
import scipy.fft

from resound.dsp.arrays import FloatArray, check_number
from resound.dsp.stft import stft
from resound.errors import ParameterError

FLOOR = 1e-10  # is added to magnitudes, so that the logarithm of silence is finite


def pre_emphasise(waveforms: FloatArray, coefficient: float = 0.97) -> FloatArray:
    """Return ``y[n] = x[n] - a x[n-1]``, with the clip prolonged backwards by a straight line.

    That is ``librosa.effects.preemphasis``: the sample before the first one counts as
    ``2 x[0] - x[1]``, and is not multiplied by `a` there, so that ``y[0] = 3 x[0] - x[1]``.

    Parameters
    ----------
    waveforms : ndarray, shape (..., samples)
        Clips of at least two samples, float32 or float64.
    coefficient : float
        The share `a` of the sample before; 0 changes nothing but the first sample.

    Returns
    -------
    ndarray, shape (..., samples)
        A copy in the unit and the dtype of `waveforms`.

    Raises
    ------
    ParameterError
        If the coefficient is not a finite number.

    Examples
    --------
    >>> pre_emphasise(np.ones(4))
    array([2.  , 0.03, 0.03, 0.03])
    """
    share = check_number("pre_emphasis", coefficient)
    emphasised = waveforms.copy()
    emphasised[..., 1:] -= waveforms.dtype.type(share) * waveforms[..., :-1]
    emphasised[..., 0] = 3 * waveforms[..., 0] - waveforms[..., 1]
    return emphasised


def largest_lag(waveforms: FloatArray, *, n_fft: int, hop_length: int, window: str) -> FloatArray:
    r"""Return the lag of the largest value of each frame's cepstrum.

    .. math:: c = \mathrm{IFFT}(\ln(|X| + 10^{-10})), \quad
              q^* = \arg\max_{1 \le q < N/2} c[q]

    with X the Fourier transform of a frame of N = `n_fft` samples, frames not centred, the window
    symmetric. Of equal values the smallest lag counts: it is 1 for silence.

    Parameters
    ----------
    waveforms : ndarray, shape (..., samples)
        Clips, float32 or float64.
    n_fft, hop_length : int
        Length of a frame, at least 4, and distance between two, in samples.
    window : {"hann", "hamming"}
        The window.

    Returns
    -------
    ndarray, shape (..., frames)
        Whole samples from 1 to ``n_fft // 2 - 1``, in the dtype of `waveforms`; computed in
        float64, since a rounding error could prefer another lag.

    Raises
    ------
    ParameterError
        For a length out of its range, or an unknown window.

    Examples
    --------
    Pulses every 40 samples repeat at a lag of 40:

    >>> pulses = np.zeros(2048)
    >>> pulses[::40] = 1.0
    >>> largest_lag(pulses, n_fft=512, hop_length=512, window="hamming")
    array([40., 40., 40., 40.])
    """
    if n_fft < 4:
        raise ParameterError(f"n_fft={n_fft} leaves no lag below n_fft / 2; it needs at least 4")
    clips = waveforms.astype(np.float64, copy=False)
    spectrum = stft(
        clips, n_fft=n_fft, hop_length=hop_length, window=window, center=False, periodic=False
    )
    cepstrum = scipy.fft.irfft(np.log(np.abs(spectrum) + FLOOR), n=n_fft, axis=-1)
    lags: FloatArray = 1 + cepstrum[..., 1 : n_fft // 2].argmax(axis=-1)
    return lags.astype(waveforms.dtype)
