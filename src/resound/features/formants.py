"""First formant (F1) over time: the lowest resonance of each frame, in Hz."""

import numpy as np

from resound.dsp.arrays import FloatArray
from resound.dsp.formants import first_formant
from resound.dsp.stft import power_spectrogram
from resound.registry import FEATURES


@FEATURES.register("f1")
def f1(
    waveforms: FloatArray,
    *,
    sample_rate: int,
    n_fft: int,
    hop_length: int,
    fmin: float = 90.0,
    fmax: float | None = None,
    max_bandwidth: float = 400.0,
    order: int = 10,
    pre_emphasis: float = 50.0,
    window: str = "hamming",
    win_length: int | None = None,
) -> FloatArray:
    """Return the first formant by linear prediction (`resound.dsp.formants.first_formant`).

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    sample_rate : int
        Hz.
    n_fft, hop_length : int
        Length of a frame and distance between two, in samples.
    fmin : float
        Lowest frequency of a formant in Hz.
    fmax : float, optional
        Ceiling of the model in Hz; by default 5500, or the Nyquist frequency where that is lower.
    max_bandwidth : float
        Broadest resonance that counts, in Hz.
    order : int
        Poles of the model, two a formant.
    pre_emphasis : float
        Frequency in Hz above which the spectrum is raised by 6 dB an octave.
    window : {"hamming", "hann"}
        Periodic window.
    win_length : int, optional
        Length of the window when it is shorter than `n_fft`, in samples.

    Returns
    -------
    ndarray, shape (clips, frames, 1)
        Hz in [fmin, fmax], or 0 where silent or without a formant.

    Raises
    ------
    ParameterError
        For an option out of its range, or an `n_fft` too small for `order`.

    Examples
    --------
    A hundred pulses a second that ring at 700 Hz, with poles at radius 0.97 for 16 kHz:

    >>> from scipy.signal import lfilter
    >>> pole = 0.97 * np.exp(2j * np.pi * 700 / 16000)
    >>> pulses = np.zeros(16000)
    >>> pulses[::160] = 1.0
    >>> ringing = lfilter([1.0], np.poly([pole, pole.conj()]), pulses)[np.newaxis]
    >>> f1(ringing, sample_rate=16000, n_fft=2048, hop_length=4000).round(-2).ravel()
    array([700., 700., 700., 700., 700.])
    """
    power = power_spectrogram(
        waveforms, n_fft=n_fft, hop_length=hop_length, window=window, win_length=win_length
    )
    formant = first_formant(
        power,
        sample_rate=sample_rate,
        n_fft=n_fft,
        fmin=fmin,
        fmax=fmax,
        max_bandwidth=max_bandwidth,
        order=order,
        pre_emphasis=pre_emphasis,
    )
    return formant[..., np.newaxis]
