"""Linear-frequency cepstral coefficients."""

from resound.dsp.arrays import FloatArray
from resound.dsp.bands import band_power
from resound.dsp.decibels import power_to_db
from resound.dsp.filterbanks import linear_filters
from resound.dsp.transforms import dct_matrix, project
from resound.errors import ParameterError, check_positive_int
from resound.registry import FEATURES


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
) -> FloatArray:
    """Return LFCC: as MFCC, with filters of equal width in Hz instead of in mel.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips.
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
        Dynamic range of a clip in dB.

    Returns
    -------
    ndarray, shape (clips, frames, n_lfcc)
        dB, orthonormal.

    Raises
    ------
    ParameterError
        For an option out of its range, or more filters than the FFT resolves.
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
    bands = power_to_db(power, top_db=top_db)
    return project(bands, dct_matrix(n_filters, n_lfcc))
