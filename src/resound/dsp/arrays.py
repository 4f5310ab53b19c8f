"""Array types of the signal processing, and the checks of numbers that its modules share."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from resound.errors import ParameterError, check_positive_int, is_real

FloatArray = npt.NDArray[np.floating[Any]]
ComplexArray = npt.NDArray[np.complexfloating[Any, Any]]

SILENCE = 1e-10  # power of an FFT bin at and below which a frame is digital silence


def check_band(sample_rate: int, fmin: float, fmax: float | None) -> tuple[float, float]:
    """Return the band [fmin, fmax] in Hz; `fmax=None` stands for the Nyquist frequency.

    Parameters
    ----------
    sample_rate : int
        Sample rate of the clips, in Hz.
    fmin, fmax : float
        Lowest and highest frequency, in Hz.

    Returns
    -------
    fmin, fmax : float
        Hz.

    Raises
    ------
    ParameterError
        Unless 0 <= fmin < fmax <= sample_rate / 2.

    Examples
    --------
    >>> check_band(44100, 50, None)
    (50.0, 22050.0)
    """
    nyquist = check_positive_int("sample_rate", sample_rate, "Hz") / 2
    fmin, fmax = check_number("fmin", fmin), nyquist if fmax is None else check_number("fmax", fmax)
    if fmax > nyquist:
        raise ParameterError(
            f"fmax={fmax:g} Hz lies above the Nyquist frequency {nyquist:g} Hz of "
            f"sample_rate={sample_rate}; lower it, or give fmax=None for the whole band"
        )
    if not 0 <= fmin < fmax:
        raise ParameterError(f"fmin={fmin:g} Hz must be at least 0 and below fmax={fmax:g} Hz")
    return fmin, fmax


def check_number(name: str, value: Any, *, at_least: float = -math.inf) -> float:
    """Return `value` as a float when it is a finite real number of `at_least` or more.

    Parameters
    ----------
    name : str
        Name of the argument, for the error.
    value : object
        What the caller passed for it.
    at_least : float
        Smallest value allowed.

    Returns
    -------
    float

    Raises
    ------
    ParameterError
        For anything but an int or a float, for NaN, infinity and booleans, and for a value below
        `at_least`.

    Examples
    --------
    >>> check_number('top_db', 80, at_least=0)
    80.0
    """
    if not is_real(value) or not math.isfinite(value) or value < at_least:
        bound = f" of at least {at_least:g}" if at_least > -math.inf else ""
        raise ParameterError(f"{name}={value!r} must be a finite number{bound}")
    return float(value)
