"""Stretching of time: a sound made shorter or longer whose pitch stays, by a phase vocoder."""

import numpy as np
import scipy.fft

from resound.dsp.arrays import ComplexArray, FloatArray
from resound.dsp.stft import frame_count, stft
from resound.dsp.windows import fft_window
from resound.errors import ParameterError, check_positive_int

N_FFT, HOP_LENGTH = 2048, 512


def time_stretch(
    waveform: FloatArray, rate: float, *, n_fft: int = N_FFT, hop_length: int = HOP_LENGTH
) -> FloatArray:
    r"""Return a waveform played `rate` times as fast, whose pitch stays.

    With the STFT :math:`X_{tk}` and the advance :math:`\omega_k = 2 \pi k h / N` of a bin's centre
    over a hop of h samples, frame u of the result lies at :math:`\tau = u \cdot rate` and has

    .. math::
        |Y_{uk}| = (1 - \alpha) |X_{tk}| + \alpha |X_{t+1, k}|, \quad
        \arg Y_{u+1, k} = \arg Y_{uk} + \omega_k
            + \mathrm{princ}(\arg X_{t+1, k} - \arg X_{tk} - \omega_k)

    for :math:`t = \lfloor \tau \rfloor, \alpha = \tau - t` (Laroche and Dolson, "Improved phase
    vocoder time-scale modification of audio", IEEE Trans. Speech and Audio Processing 7, 1999,
    without their locking of phases). Frames are added up where they overlap.

    Parameters
    ----------
    waveform : ndarray of float, shape (samples,)
        One clip.
    rate : float
        More than 1 makes it shorter, less makes it longer; above 0.
    n_fft, hop_length : int
        Length of a frame and distance between two, in samples; a hop of at most half a frame.

    Returns
    -------
    ndarray of the same dtype, shape (round(samples / rate),)

    Raises
    ------
    ParameterError
        For a rate that is not positive, or a hop of more than half a frame.

    Notes
    -----
    Agrees with ``librosa.effects.time_stretch``.

    Examples
    --------
    >>> time_stretch(np.zeros(22_050, np.float32), 1.25).shape
    (17640,)
    """
    if not (np.isfinite(rate) and rate > 0):
        raise ParameterError(f"rate={rate!r} must be more than 0; 1.25 plays a quarter faster")
    if 2 * check_positive_int("hop_length", hop_length, "samples") > n_fft:
        raise ParameterError(f"hop_length={hop_length} must be at most half of n_fft={n_fft}")
    frames = stft(waveform, n_fft=n_fft, hop_length=hop_length)
    moved = _moved(frames, rate, hop_length)
    return _inverse(moved, round(waveform.shape[-1] / rate), n_fft, hop_length, waveform.dtype)


def _moved(frames: ComplexArray, rate: float, hop_length: int) -> ComplexArray:
    """Return the frames (U, bins) of the stretched sound of those (T, bins) of the sound."""
    n_frames, n_bins = frames.shape
    places = np.arange(0, n_frames, rate)
    before = places.astype(int)
    share = (places - before)[:, np.newaxis]
    padded = np.concatenate([frames, np.zeros((2, n_bins), frames.dtype)])
    size, angle = np.abs(padded), np.angle(padded).astype(np.float64)
    advance = np.pi * hop_length * np.arange(n_bins) / (n_bins - 1)
    turn = angle[before + 1] - angle[before] - advance
    turn -= 2 * np.pi * np.round(turn / (2 * np.pi))
    phase = angle[0] + np.concatenate([np.zeros((1, n_bins)), (advance + turn)[:-1].cumsum(axis=0)])
    moved: ComplexArray = ((1 - share) * size[before] + share * size[before + 1]) * np.exp(
        1j * phase
    )
    return moved


def _inverse(
    frames: ComplexArray, samples: int, n_fft: int, hop_length: int, dtype: np.dtype[np.floating]
) -> FloatArray:
    """Return the waveform (samples,) whose windowed frames are nearest to these in the mean square.

    Griffin and Lim, "Signal estimation from modified short-time Fourier transform", IEEE Trans.
    Acoustics, Speech, and Signal Processing 32, 1984, equation 6.
    """
    window = fft_window("hann", n_fft)
    frames = frames[: frame_count(samples, n_fft=n_fft, hop_length=hop_length) + 1]
    parts = scipy.fft.irfft(frames, n=n_fft, axis=-1) * window
    length = n_fft + hop_length * len(parts)
    sound, weight = np.zeros(max(length, samples + n_fft)), np.zeros(max(length, samples + n_fft))
    for place, part in enumerate(parts):
        start = place * hop_length
        sound[start : start + n_fft] += part
        weight[start : start + n_fft] += window**2
    heard = weight > np.finfo(np.float32).tiny
    sound[heard] /= weight[heard]
    return sound[n_fft // 2 : n_fft // 2 + samples].astype(dtype)
