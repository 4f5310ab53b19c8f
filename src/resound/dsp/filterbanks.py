"""Filter banks of triangles, spaced evenly in mel (HTK's scale or Slaney's) or in Hz."""

import functools

import numpy as np

from resound.dsp.arrays import FloatArray, check_band
from resound.errors import ParameterError, check_choice, check_positive_int

SLANEY_HZ_PER_MEL = 200 / 3
SLANEY_BREAK_HZ = 1000.0
SLANEY_BREAK_MEL = SLANEY_BREAK_HZ / SLANEY_HZ_PER_MEL
SLANEY_LOG_STEP = np.log(6.4) / 27
NORMS = ("slaney", None)


def hz_to_mel(frequencies: FloatArray | float, *, htk: bool = True) -> FloatArray:
    r"""Return frequencies in mel.

    HTK: :math:`m = 2595 \log_{10}(1 + f / 700)`. Slaney: linear, ``3 f / 200``, up to 1 kHz, above
    it :math:`15 + 27 \ln(f / 1000) / \ln 6.4`.

    Parameters
    ----------
    frequencies : array_like, of any shape
        Hz, at least 0.
    htk : bool
        The scale of HTK; Slaney's otherwise.

    Returns
    -------
    ndarray of float64, of any shape: that of `frequencies`
        mel, at least 0.

    Raises
    ------
    ParameterError
        If `htk` is neither True nor False.

    References
    ----------
    S. Young et al., *The HTK Book*, section 5.4 (version 3.4); M. Slaney, *Auditory Toolbox*,
    Interval technical report 1998-010, `mfcc.m`.

    Examples
    --------
    >>> hz_to_mel(np.array([0.0, 1000.0, 4000.0])).round()
    array([   0., 1000., 2146.])
    """
    frequencies = np.asarray(frequencies, dtype=np.float64)
    if check_choice("htk", htk, (True, False)):
        return np.asarray(2595 * np.log10(1 + frequencies / 700))
    above = np.log(np.maximum(frequencies, SLANEY_BREAK_HZ) / SLANEY_BREAK_HZ) / SLANEY_LOG_STEP
    linear = np.minimum(frequencies, SLANEY_BREAK_HZ) / SLANEY_HZ_PER_MEL
    return np.asarray(linear + above)


def mel_to_hz(mels: FloatArray | float, *, htk: bool = True) -> FloatArray:
    """Return mels in Hz; the inverse of `hz_to_mel`.

    Parameters
    ----------
    mels : array_like, of any shape
        mel, at least 0.
    htk : bool
        The scale of HTK; Slaney's otherwise.

    Returns
    -------
    ndarray of float64, of any shape: that of `mels`
        Hz, at least 0.

    Raises
    ------
    ParameterError
        If `htk` is neither True nor False.

    Examples
    --------
    >>> mel_to_hz(np.array([0.0, 1000.0, 2146.0])).round()
    array([   0., 1000., 4000.])
    """
    mels = np.asarray(mels, dtype=np.float64)
    if check_choice("htk", htk, (True, False)):
        return np.asarray(700 * (10 ** (mels / 2595) - 1))
    linear = np.minimum(mels, SLANEY_BREAK_MEL) * SLANEY_HZ_PER_MEL
    above = np.maximum(mels - SLANEY_BREAK_MEL, 0)
    return np.asarray(linear * np.exp(SLANEY_LOG_STEP * above))


@functools.lru_cache(maxsize=32, typed=True)
def mel_filters(
    *,
    sample_rate: int,
    n_fft: int,
    n_mels: int = 64,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = True,
    norm: str | None = "slaney",
) -> FloatArray:
    """Return triangular filters whose edges are equally spaced in mel.

    Parameters
    ----------
    sample_rate : int
        Hz.
    n_fft : int
        Length of the frames, in samples.
    n_mels : int
        Number of filters.
    fmin, fmax : float
        Lowest and highest edge in Hz; ``fmax=None`` is the Nyquist frequency.
    htk : bool
        HTK's mel scale; Slaney's otherwise.
    norm : {"slaney", None}
        Equal areas (see `triangular_filters`), or peaks of 1.

    Returns
    -------
    ndarray of float64, shape (n_mels, 1 + n_fft // 2)
        Weights of the FFT's bins, at least 0; per Hz with equal areas. Read-only, since calls with
        equal arguments share it.

    Raises
    ------
    ParameterError
        For a bad band, an unknown norm, or filters that are too narrow to hold one FFT bin (there
        librosa warns and returns filters of zeros).

    Examples
    --------
    >>> mel_filters(sample_rate=44100, n_fft=4096, n_mels=64).shape
    (64, 2049)
    """
    n_mels = check_positive_int("n_mels", n_mels)
    low, high = hz_to_mel(np.array(check_band(sample_rate, fmin, fmax)), htk=htk)
    edges = mel_to_hz(np.linspace(low, high, n_mels + 2), htk=htk)
    return triangular_filters(edges, sample_rate=sample_rate, n_fft=n_fft, norm=norm)


@functools.lru_cache(maxsize=32, typed=True)
def linear_filters(
    *,
    sample_rate: int,
    n_fft: int,
    n_filters: int = 64,
    fmin: float = 0.0,
    fmax: float | None = None,
    norm: str | None = "slaney",
) -> FloatArray:
    """Return triangular filters whose edges are equally spaced in Hz; else as `mel_filters`.

    Parameters
    ----------
    sample_rate, n_fft, fmin, fmax, norm
        As in `mel_filters`.
    n_filters : int
        Number of filters.

    Returns
    -------
    ndarray of float64, shape (n_filters, 1 + n_fft // 2)
        Weights of the FFT's bins, at least 0. Read-only, since calls with equal arguments share it.

    Raises
    ------
    ParameterError
        As `mel_filters`.
    """
    n_filters = check_positive_int("n_filters", n_filters)
    edges = np.linspace(*check_band(sample_rate, fmin, fmax), n_filters + 2)
    return triangular_filters(edges, sample_rate=sample_rate, n_fft=n_fft, norm=norm)


def triangular_filters(
    edges: FloatArray, *, sample_rate: int, n_fft: int, norm: str | None
) -> FloatArray:
    r"""Return filters that rise from edge i to edge i + 1 and fall to edge i + 2.

    .. math:: H_i(f) = \max\left(0, \min\left(\frac{f - e_i}{e_{i+1} - e_i},
              \frac{e_{i+2} - f}{e_{i+2} - e_{i+1}}\right)\right)

    With ``norm="slaney"`` each is multiplied by :math:`2 / (e_{i+2} - e_i)`: its area is then 1.

    Parameters
    ----------
    edges : ndarray, shape (n_filters + 2,)
        Ascending frequencies in Hz.
    sample_rate, n_fft : int
        Hz and samples: bin k of the FFT lies at ``k * sample_rate / n_fft`` Hz.
    norm : {"slaney", None}
        Equal areas, or peaks of 1.

    Returns
    -------
    ndarray of float64, shape (n_filters, 1 + n_fft // 2)
        Weights of the FFT's bins, at least 0; read-only.

    Raises
    ------
    ParameterError
        For an unknown norm, or a filter that holds no FFT bin.

    Examples
    --------
    >>> triangular_filters(np.array([0.0, 2.0, 4.0]), sample_rate=8, n_fft=8, norm=None)
    array([[0. , 0.5, 1. , 0.5, 0. ]])
    """
    check_choice("norm", norm, NORMS)
    n_fft = check_positive_int("n_fft", n_fft, "samples")
    bins = np.arange(1 + n_fft // 2) * (sample_rate / n_fft)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    filters = np.maximum(0, np.minimum(rising, falling))
    _check_no_empty(filters, edges, sample_rate, n_fft)
    if norm == "slaney":
        filters *= 2 / (edges[2:] - edges[:-2])[:, None]
    filters.setflags(write=False)
    return filters


def _check_no_empty(filters: FloatArray, edges: FloatArray, sample_rate: int, n_fft: int) -> None:
    empty = np.flatnonzero(filters.max(axis=1) <= 0)
    if empty.size:
        first = empty[0]
        raise ParameterError(
            f"{len(filters)} filters are too many for n_fft={n_fft} at sample_rate={sample_rate}: "
            f"no bin falls into filter {first}, {edges[first]:.1f} to {edges[first + 2]:.1f} Hz; "
            "use fewer of them or a larger n_fft"
        )
