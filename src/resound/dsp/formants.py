"""First formant of frames: the lowest resonance of a linear prediction of their spectrum."""

import math

import numpy as np

from resound.dsp.arrays import SILENCE, FloatArray, check_band, check_number
from resound.errors import ParameterError, check_positive_int

WHITE_NOISE = 1e-9  # share of power added, which keeps the lags of pure tones definite


def selective_autocorrelation(power: FloatArray, *, n_bins: int, order: int) -> FloatArray:
    r"""Return the autocorrelation of the signal that has only the lowest part of the spectrum.

    .. math:: r[m] = \frac{1}{2K} \Big(P_0 + 2 \sum_{k=1}^{K-1} P_k \cos(\pi m k / K)
              + (-1)^m P_K\Big), \quad K = \mathrm{n\_bins} - 1

    Bins 0..K stand for the whole spectrum, as though the signal had been ideally low-passed and
    decimated to the rate that has its Nyquist frequency at bin K: lag m is m samples of that rate.

    Parameters
    ----------
    power : ndarray, shape (..., bins)
        One-sided power spectra, at least 0.
    n_bins : int
        Bins to keep, from bin 0; at least 2.
    order : int
        Largest lag.

    Returns
    -------
    ndarray of float64, shape (..., order + 1)
        Lags 0 to `order`, in the unit of `power`.

    References
    ----------
    J. Makhoul, "Linear prediction: a tutorial review", Proc. IEEE 63(4), 1975: selective
    linear prediction.

    Examples
    --------
    A flat spectrum is that of a single pulse, which is alike at lag 0 alone:

    >>> selective_autocorrelation(np.ones(5), n_bins=5, order=2).round(6) + 0.0
    array([1., 0., 0.])
    """
    last = n_bins - 1
    cosines = np.cos(np.pi * np.outer(np.arange(n_bins), np.arange(order + 1)) / last)
    cosines[1:-1] *= 2
    correlation: FloatArray = power[..., :n_bins].astype(np.float64) @ cosines
    return correlation / (2 * last)


def levinson_durbin(autocorrelation: FloatArray) -> FloatArray:
    r"""Return the predictor polynomials that solve the normal equations of linear prediction.

    Solves :math:`\sum_{j=1}^p a_j r[|i-j|] = -r[i]`, i = 1..p, for a batch at once.

    Parameters
    ----------
    autocorrelation : ndarray, shape (..., p + 1)
        Lags 0 to p, positive definite.

    Returns
    -------
    ndarray, shape (..., p + 1)
        ``A(z) = 1 + a_1 z**-1 + ... + a_p z**-p``; its roots lie inside the unit circle.

    References
    ----------
    J. Makhoul, "Linear prediction: a tutorial review", Proc. IEEE 63(4), 1975.

    Examples
    --------
    Each value is half the one before:

    >>> levinson_durbin(np.array([1.0, 0.5, 0.25]))
    array([ 1. , -0.5,  0. ])
    """
    predictor = np.zeros_like(autocorrelation)
    predictor[..., 0] = 1
    error = autocorrelation[..., 0].copy()
    for i in range(1, autocorrelation.shape[-1]):
        reversed_lags = autocorrelation[..., i:0:-1]
        reflection = -np.sum(predictor[..., :i] * reversed_lags, axis=-1) / error
        predictor[..., : i + 1] += reflection[..., None] * predictor[..., i::-1]
        error *= 1 - reflection**2
    return predictor


def resonances(predictor: FloatArray, rate: float) -> tuple[FloatArray, FloatArray]:
    r"""Return frequency and bandwidth of each root z of predictor polynomials.

    .. math:: F = \frac{f_s}{2 \pi} \arg z, \quad B = -\frac{f_s}{\pi} \ln |z|

    Parameters
    ----------
    predictor : ndarray, shape (..., p + 1)
        ``A(z)`` with leading coefficient 1.
    rate : float
        Sample rate of the prediction in Hz.

    Returns
    -------
    frequency, bandwidth : ndarray, shape (..., p)
        Hz, in no order; of a conjugate pair one has a negative frequency.

    Examples
    --------
    Poles at a quarter of 8 kHz, on the unit circle, so without bandwidth:

    >>> frequency, bandwidth = resonances(np.array([1.0, 0.0, 1.0]), rate=8000)
    >>> np.sort(frequency)
    array([-2000.,  2000.])
    """
    order = predictor.shape[-1] - 1
    companion = np.zeros((*predictor.shape[:-1], order, order))
    companion[..., np.arange(1, order), np.arange(order - 1)] = 1
    companion[..., 0, :] = -predictor[..., 1:]
    roots = np.linalg.eigvals(companion)
    radius = np.maximum(np.abs(roots), np.finfo(np.float64).tiny)
    return np.angle(roots) * rate / (2 * np.pi), -np.log(radius) * rate / np.pi


def first_formant(
    power: FloatArray,
    *,
    sample_rate: int,
    n_fft: int,
    fmin: float = 90.0,
    fmax: float | None = None,
    max_bandwidth: float = 400.0,
    order: int = 10,
    pre_emphasis: float = 50.0,
) -> FloatArray:
    r"""Return the first formant of each frame, 0 where it is silent or has none.

    The band 0..`fmax` of the spectrum is pre-emphasised by
    :math:`|1 - e^{-2\pi (f_p + i f) / f_s}|^2` and modelled by linear prediction of order `order`
    (`selective_autocorrelation`, `levinson_durbin`). F1 is the lowest root of the predictor
    in [fmin, fmax] whose bandwidth is at most `max_bandwidth`. Since only the band is modelled, the
    order need not grow with the sample rate: 10 poles are five formants below 5.5 kHz, Praat's
    default, at 16 kHz as at 44.1 kHz, and no decimation filter is needed.

    Parameters
    ----------
    power : ndarray, shape (..., frames, 1 + n_fft // 2)
        Power spectra of windowed frames, at least 0.
    sample_rate : int
        Sample rate of the clips, in Hz.
    n_fft : int
        Length of the frames, in samples.
    fmin : float
        Lowest frequency of a formant in Hz.
    fmax : float, optional
        Ceiling of the model in Hz; by default 5500, or the Nyquist frequency where that is lower.
    max_bandwidth : float
        Broadest resonance that counts, in Hz.
    order : int
        Poles of the model, two a formant.
    pre_emphasis : float
        Frequency f_p in Hz above which the spectrum is raised by 6 dB an octave.

    Returns
    -------
    ndarray, shape (..., frames)
        Hz in [fmin, fmax], or 0; in the dtype of `power`.

    Raises
    ------
    ParameterError
        For a bad band, or one with too few FFT bins for `order`.

    References
    ----------
    P. Boersma, D. Weenink, *Praat*, "Sound: To Formant (burg)"; R. C. Snell, F. Milinazzo, "Formant
    location from LPC analysis data", IEEE Trans. Speech and Audio Processing 1(2), 1993.

    Examples
    --------
    A pulse that rings at 700 Hz, with poles at radius 0.97 for 16 kHz:

    >>> from scipy.signal import lfilter
    >>> pole = 0.97 * np.exp(2j * np.pi * 700 / 16000)
    >>> ringing = lfilter([1.0], np.poly([pole, pole.conj()]), np.eye(1, 2048)[0])
    >>> power = np.abs(np.fft.rfft(ringing)) ** 2
    >>> first_formant(power[np.newaxis], sample_rate=16000, n_fft=2048, pre_emphasis=8000).round()
    array([700.])
    """
    ceiling = min(5500.0, sample_rate / 2) if fmax is None else fmax
    fmin, ceiling = check_band(sample_rate, fmin, ceiling)
    order = check_positive_int("order", order)
    n_bins = 1 + min(round(ceiling * n_fft / sample_rate), n_fft // 2)
    if n_bins <= order + 1:
        raise ParameterError(
            f"n_fft={n_fft} has {n_bins} bins up to {ceiling:g} Hz, too few for order={order}; "
            "raise n_fft or lower order"
        )
    rate = 2 * (n_bins - 1) * sample_rate / n_fft
    emphasis = _pre_emphasis(n_bins, sample_rate / n_fft, sample_rate, pre_emphasis)
    band = power[..., :n_bins]
    silent = band.max(axis=-1) <= SILENCE
    emphasised = band[~silent] * emphasis
    correlation = selective_autocorrelation(emphasised, n_bins=n_bins, order=order)
    correlation[..., 0] *= 1 + WHITE_NOISE
    frequency, bandwidth = resonances(levinson_durbin(correlation), rate)
    valid = (frequency >= fmin) & (frequency <= ceiling)
    valid &= bandwidth <= check_number("max_bandwidth", max_bandwidth, at_least=0)
    lowest = np.where(valid, frequency, math.inf).min(axis=-1)
    formants = np.zeros(silent.shape, power.dtype)
    formants[~silent] = np.where(np.isinf(lowest), 0, lowest)
    return formants


def _pre_emphasis(n_bins: int, spacing: float, sample_rate: int, corner: float) -> FloatArray:
    """Return the power response of ``1 - exp(-2 pi corner / sample_rate) z**-1`` at FFT bins."""
    zero = math.exp(-2 * math.pi * check_number("pre_emphasis", corner, at_least=0) / sample_rate)
    angles = 2 * np.pi * np.arange(n_bins) * spacing / sample_rate
    return 1 + zero**2 - 2 * zero * np.cos(angles)
