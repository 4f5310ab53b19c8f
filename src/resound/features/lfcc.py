"""Linear-frequency cepstral coefficients (LFCC): MFCC with bands of equal width in Hz."""

import numpy as np

from resound.dsp.arrays import FloatArray, check_number
from resound.dsp.bands import band_power
from resound.dsp.decibels import power_to_db
from resound.dsp.filterbanks import linear_filters
from resound.dsp.transforms import dct_matrix, project
from resound.errors import ParameterError, check_choice, check_positive_int
from resound.registry import FEATURES

LOGARITHMS = ("decibel", "natural")
DCT_NORMS = ("ortho", None)


@FEATURES.register("lfcc")
def lfcc(
    waveforms: FloatArray,
    *,
    sample_rate: int,
    n_fft: int,
    hop_length: int,
    n_lfcc: int = 13,
    n_filters: int = 64,
    window: str = "hamming",
    win_length: int | None = None,
    norm: str | None = "slaney",
    fmin: float = 0.0,
    fmax: float | None = None,
    top_db: float | None = 80.0,
    log: str = "decibel",
    floor: float = 1e-10,
    dct_norm: str | None = "ortho",
) -> FloatArray:
    """Return LFCC: as MFCC, with filters of equal width in Hz instead of in mel.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    sample_rate : int
        Hz.
    n_fft, hop_length : int
        Length of a frame and distance between two, in samples.
    n_lfcc : int
        Coefficients, from the 0th; at most `n_filters`.
    n_filters : int
        Filters.
    window : {"hamming", "hann"}
        Periodic window.
    win_length : int, optional
        Length of the window when it is shorter than `n_fft`, in samples.
    norm : {"slaney", None}
        Filters of equal area, or with peaks of 1; that shifts coefficient 0 alone, until `top_db`
        or silence clips.
    fmin, fmax : float
        Band in Hz; ``fmax=None`` is the Nyquist frequency.
    top_db : float or None
        Dynamic range of a clip in dB; of decibels alone.
    log : {"decibel", "natural"}
        ``10 log10(max(E, floor))`` of the power E in a band, or ``ln(E + floor)``.
    floor : float
        Power, positive.
    dct_norm : {"ortho", None}
        The orthonormal DCT-II, or ``2 sum x cos(...)`` as ``scipy.fft.dct(norm=None)``: coefficient
        0 then counts for sqrt(2) times as much beside the others.

    Returns
    -------
    ndarray, shape (clips, frames, n_lfcc)
        dB, or nepers of power with ``log="natural"``.

    Raises
    ------
    ParameterError
        For an option out of its range, or more filters than the FFT resolves.

    Examples
    --------
    >>> clips = np.zeros((2, 16000), dtype=np.float32)
    >>> lfcc(clips, sample_rate=16000, n_fft=2048, hop_length=512).shape
    (2, 32, 13)
    """
    n_lfcc = check_positive_int("n_lfcc", n_lfcc)
    n_filters = check_positive_int("n_filters", n_filters)
    if n_lfcc > n_filters:
        raise ParameterError(
            f"n_lfcc={n_lfcc} must not exceed n_filters={n_filters}; lower it or raise n_filters"
        )
    filters = linear_filters(
        sample_rate=sample_rate,
        n_fft=n_fft,
        n_filters=n_filters,
        fmin=fmin,
        fmax=fmax,
        norm=norm,
    )
    framing = {"n_fft": n_fft, "hop_length": hop_length}
    power = band_power(waveforms, filters, window=window, win_length=win_length, **framing)
    matrix = dct_matrix(n_filters, n_lfcc)
    if check_choice("dct_norm", dct_norm, DCT_NORMS) is None:
        matrix = matrix * np.sqrt(2 * n_filters)
        matrix[0] *= np.sqrt(2)
    return project(_logarithm(power, log, floor, top_db), matrix)


def _logarithm(power: FloatArray, log: str, floor: float, top_db: float | None) -> FloatArray:
    if check_choice("log", log, LOGARITHMS) == "decibel":
        return power_to_db(power, amin=floor, top_db=top_db)
    if check_number("floor", floor) <= 0:
        raise ParameterError(f"floor={floor!r} must be a positive power")
    power += power.dtype.type(floor)
    return np.log(power, out=power)
