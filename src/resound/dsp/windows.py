"""Analysis windows (Hann, Hamming), from their formulas."""

import functools

import numpy as np

from resound.dsp.arrays import FloatArray
from resound.errors import ParameterError, check_choice, check_positive_int

OFFSETS = {"hann": 0.5, "hamming": 0.54}


def cosine_window(name: str, length: int, *, periodic: bool = True) -> FloatArray:
    r"""Return a raised-cosine window.

    .. math:: w[n] = a - (1 - a) \cos(2 \pi n / P), \quad 0 \le n < N

    with ``a = 0.5`` (hann) or ``a = 0.54`` (hamming). The period P is N for a periodic window,
    which suits spectral analysis: the sample that would close the period belongs to the next one.
    It is N - 1 for a symmetric window, whose ends are alike: both 0 for hann. A window of one
    sample is 1.

    Parameters
    ----------
    name : {"hann", "hamming"}
        The window.
    length : int
        Samples N.
    periodic : bool
        Periodic, or symmetric.

    Returns
    -------
    ndarray of float64, shape (length,)
        Weights in [0, 1].

    Raises
    ------
    ParameterError
        For an unknown name or a length below 1.

    References
    ----------
    F. J. Harris, "On the use of windows for harmonic analysis with the discrete Fourier
    transform", Proc. IEEE 66(1), 1978.

    Examples
    --------
    >>> cosine_window("hann", 4)
    array([0. , 0.5, 1. , 0.5])
    """
    offset = OFFSETS[check_choice("window", name, OFFSETS)]
    length = check_positive_int("win_length", length, "samples")
    if length == 1:
        return np.ones(1)
    period = length if periodic else length - 1
    return offset - (1 - offset) * np.cos(2 * np.pi * np.arange(length) / period)


@functools.lru_cache(maxsize=32, typed=True)
def fft_window(
    name: str, n_fft: int, win_length: int | None = None, *, periodic: bool = True
) -> FloatArray:
    """Return the window of a frame: `win_length` samples amid zeros when shorter than `n_fft`.

    Parameters
    ----------
    name : {"hann", "hamming"}
        The window.
    n_fft : int
        Length of the frame, in samples.
    win_length : int, optional
        Length of the window, in samples; `n_fft` by default.
    periodic : bool
        As in `cosine_window`.

    Returns
    -------
    ndarray of float64, shape (n_fft,)
        Weights in [0, 1]. Read-only, since calls with equal arguments share it.

    Raises
    ------
    ParameterError
        For an unknown name, or a `win_length` outside 1..n_fft.

    Examples
    --------
    >>> fft_window("hann", 8, 4)
    array([0. , 0. , 0. , 0.5, 1. , 0.5, 0. , 0. ])
    """
    window = cosine_window(name, n_fft if win_length is None else win_length, periodic=periodic)
    if window.size > n_fft:
        raise ParameterError(
            f"win_length={win_length} must not exceed n_fft={n_fft} samples; "
            "raise n_fft or leave win_length out"
        )
    left = (n_fft - window.size) // 2
    padded = np.pad(window, (left, n_fft - window.size - left))
    padded.setflags(write=False)
    return padded
