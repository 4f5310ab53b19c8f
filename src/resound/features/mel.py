"""Mel spectrograms: the power of each frame in bands that widen as hearing does, plain or in dB."""

from typing import Any

from resound.dsp.arrays import FloatArray
from resound.dsp.bands import band_power
from resound.dsp.decibels import power_to_db
from resound.dsp.filterbanks import mel_filters
from resound.registry import FEATURES


@FEATURES.register("mel_power", scale="power")
def mel_power(
    waveforms: FloatArray,
    *,
    sample_rate: int,
    n_fft: int,
    hop_length: int,
    n_mels: int = 64,
    window: str = "hamming",
    win_length: int | None = None,
    htk: bool = True,
    norm: str | None = "slaney",
    fmin: float = 0.0,
    fmax: float | None = None,
) -> FloatArray:
    r"""Return the power in mel bands.

    .. math:: M[t, m] = \sum_k H_m[k]\, |X[t, k]|^2

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    sample_rate : int
        Hz.
    n_fft, hop_length : int
        Length of a frame and distance between two, in samples.
    n_mels : int
        Bands.
    window : {"hamming", "hann"}
        Periodic window.
    win_length : int, optional
        Length of the window when it is shorter than `n_fft`, in samples.
    htk : bool
        HTK's mel scale; Slaney's otherwise.
    norm : {"slaney", None}
        Filters of equal area, or with peaks of 1.
    fmin, fmax : float
        Band in Hz; ``fmax=None`` is the Nyquist frequency.

    Returns
    -------
    ndarray, shape (clips, frames, n_mels)
        Power, at least 0; ``librosa.feature.melspectrogram`` transposed.

    Raises
    ------
    ParameterError
        For an option out of its range, or more bands than the FFT resolves.

    Examples
    --------
    A tone of 1 kHz is strongest in the band around 1000 mel:

    >>> import numpy as np
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)[np.newaxis]
    >>> power = mel_power(tone, sample_rate=16000, n_fft=2048, hop_length=512, n_mels=27)
    >>> power.shape, int(power[0, 16].argmax())
    ((1, 32, 27), 9)
    """
    filters = mel_filters(
        sample_rate=sample_rate,
        n_fft=n_fft,
        n_mels=n_mels,
        fmin=fmin,
        fmax=fmax,
        htk=htk,
        norm=norm,
    )
    framing = {"n_fft": n_fft, "hop_length": hop_length}
    return band_power(waveforms, filters, window=window, win_length=win_length, **framing)


@FEATURES.register("mel", extends="mel_power")
def mel(waveforms: FloatArray, *, top_db: float | None = 80.0, **options: Any) -> FloatArray:
    """Return the mel spectrogram in dB.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    top_db : float or None
        Dynamic range of a clip in dB.
    **options
        As `mel_power`.

    Returns
    -------
    ndarray, shape (clips, frames, n_mels)
        dB relative to a power of 1; -100 throughout for silence, and at most `top_db` below the
        clip's own maximum.

    Raises
    ------
    ParameterError
        For an option out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> silence = np.zeros((1, 16000))
    >>> mel(silence, sample_rate=16000, n_fft=2048, hop_length=512, n_mels=2)[0, 0]
    array([-100., -100.])
    """
    return power_to_db(mel_power(waveforms, **options), top_db=top_db)
