"""Fundamental frequency (F0) of frames, by the peak of the cepstrum."""

import math

import numpy as np
import scipy.fft

from resound.dsp.arrays import SILENCE, FloatArray, check_band, check_number
from resound.errors import ParameterError

CEILING = 5000.0  # Hz; harmonics stand out from noise mostly below it
DYNAMIC_RANGE = 1e-8
RAHMONIC_SHARE = 0.7


def low_band_cepstrum(power: FloatArray, *, n_fft: int, n_bins: int) -> tuple[FloatArray, float]:
    r"""Return the cepstrum of the lowest bins, and its standard deviation for white noise.

    .. math:: c[q] = \frac{2}{N} \sum_{k=0}^{K} h_k (\ln P_k - \mu) \cos(2 \pi k q / N), \quad
              h_k = \cos^2 \frac{\pi k}{2K}, \quad K = \mathrm{n\_bins} - 1

    :math:`\mu` is the mean of the log spectrum under the weights h, which fade the band out at its
    upper end. Values below 1e-8 of a frame's largest (80 dB), where numbers are rounding noise,
    count as that. The log of a periodogram ordinate of white noise has the variance
    :math:`\pi^2 / 6`, hence :math:`\sigma = (2/N) \sqrt{(\pi^2 / 12) \sum_k h_k^2}`.

    Parameters
    ----------
    power : ndarray, shape (..., 1 + n_fft // 2)
        One-sided power spectra, at least 0.
    n_fft : int
        Samples of a frame, N.
    n_bins : int
        Bins to use, from bin 0.

    Returns
    -------
    cepstrum : ndarray, shape (..., n_fft)
        At quefrencies 0..n_fft - 1 in samples, in nepers of power; 0 in a silent frame.
    deviation : float
        The standard deviation sigma.

    Examples
    --------
    A ripple of period 16 bins in the log spectrum of 128 makes a peak at quefrency 128 / 16 = 8:

    >>> power = np.exp(np.cos(2 * np.pi * np.arange(65) / 16))
    >>> cepstrum, deviation = low_band_cepstrum(power, n_fft=128, n_bins=65)
    >>> int(cepstrum[4:64].argmax()) + 4
    8
    """
    taper = np.cos(np.pi * np.arange(n_bins) / (2 * (n_bins - 1))).astype(power.dtype) ** 2
    band = power[..., :n_bins]
    peak = band.max(axis=-1, keepdims=True)
    floor = np.maximum(peak * power.dtype.type(DYNAMIC_RANGE), power.dtype.type(SILENCE))
    log_power = np.log(np.maximum(band, floor))
    log_power -= (log_power @ taper / taper.sum())[..., np.newaxis]
    cepstrum: FloatArray = scipy.fft.irfft(log_power * taper, n=n_fft, axis=-1)
    deviation = 2 / n_fft * math.sqrt(math.pi**2 / 12 * float(np.sum(taper**2)))
    return cepstrum, deviation


def cepstral_f0(
    power: FloatArray,
    *,
    sample_rate: int,
    n_fft: int,
    fmin: float = 75.0,
    fmax: float = 600.0,
    threshold: float = 7.0,
) -> FloatArray:
    """Return the fundamental frequency of each frame, 0 where it is unvoiced or silent.

    Harmonics at multiples of f0 ripple the log spectrum with period f0, which makes a peak of the
    cepstrum (`low_band_cepstrum` up to 5 kHz) at the quefrency ``sample_rate / f0``, and weaker
    ones at its multiples. Among the local maxima between the quefrencies of `fmax` and `fmin`, the
    first that reaches 0.7 of the highest is taken, so that noise does not promote a multiple, and
    refined by the parabola through it and its neighbours. A frame is voiced when the highest
    maximum reaches `threshold` standard deviations of the cepstrum of white noise. A lone sinusoid
    has no harmonics and therefore no cepstral pitch.

    Parameters
    ----------
    power : ndarray, shape (..., frames, 1 + n_fft // 2)
        Power spectra of windowed frames, at least 0.
    sample_rate : int
        Sample rate of the clips, in Hz.
    n_fft : int
        Length of the frames, in samples.
    fmin, fmax : float
        Range of the pitch in Hz; the default is Praat's. At least two periods of `fmin` must fit
        into a frame.
    threshold : float
        Height of the peak that counts as voiced, in standard deviations.

    Returns
    -------
    ndarray, shape (..., frames)
        Hz in [fmin, fmax], or 0; in the dtype of `power`.

    Raises
    ------
    ParameterError
        For a bad band, a frame shorter than two periods of `fmin`, or a negative threshold.

    References
    ----------
    A. M. Noll, "Cepstrum pitch determination", J. Acoust. Soc. Am. 41(2), 1967.

    Examples
    --------
    A hundred pulses a second:

    >>> from resound.dsp.stft import power_spectrogram
    >>> pulses = np.zeros(8000)
    >>> pulses[::80] = 1.0
    >>> power = power_spectrogram(pulses, n_fft=1024, hop_length=2000)
    >>> cepstral_f0(power, sample_rate=8000, n_fft=1024).round()[1:-1]
    array([100., 100., 100.])
    """
    fmin, fmax = check_band(sample_rate, fmin, fmax)
    threshold = check_number("threshold", threshold, at_least=0)
    if fmin * n_fft < 2 * sample_rate:
        raise ParameterError(
            f"fmin={fmin:g} Hz is too low: two periods of a pitch fit into n_fft={n_fft} at "
            f"sample_rate={sample_rate} from {2 * sample_rate / n_fft:.1f} Hz on; "
            "raise fmin or n_fft"
        )
    n_bins = 1 + min(round(CEILING * n_fft / sample_rate), n_fft // 2)
    cepstrum, deviation = low_band_cepstrum(power, n_fft=n_fft, n_bins=n_bins)
    first, last = math.ceil(sample_rate / fmax), math.floor(sample_rate / fmin)
    height, offset = _first_high_peak(cepstrum[..., first - 1 : last + 2])
    pitch = np.clip(sample_rate / (first - 1 + offset), fmin, fmax)
    silent = power[..., :n_bins].max(axis=-1) <= SILENCE
    voiced = ~silent & (height > 0) & (height >= threshold * deviation)
    return np.where(voiced, pitch, 0).astype(power.dtype)


def _first_high_peak(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the height of the highest local maximum (or 0) and the place of the first near it."""
    before, inner, after = values[..., :-2], values[..., 1:-1], values[..., 2:]
    heights = np.where((inner > before) & (inner >= after), inner, 0)
    highest = heights.max(axis=-1, keepdims=True)
    index = (heights >= RAHMONIC_SHARE * highest).argmax(axis=-1, keepdims=True)
    left, top, right = (np.take_along_axis(v, index, axis=-1) for v in (before, inner, after))
    curvature = left - 2 * top + right
    shift = np.divide(left - right, 2 * curvature, out=np.zeros_like(top), where=curvature < 0)
    return highest[..., 0], (index + 1 + shift)[..., 0]
