"""Decibels: power on a logarithmic scale, with a floor below each clip's own maximum."""

import numpy as np

from resound.dsp.arrays import FloatArray, check_number
from resound.errors import ParameterError


def power_to_db(
    power: FloatArray, *, ref: float = 1.0, amin: float = 1e-10, top_db: float | None = 80.0
) -> FloatArray:
    r"""Return power in decibels, with the floor of each clip `top_db` below its own maximum.

    .. math:: L = 10 \log_{10} \max(P, a_\min) - 10 \log_{10} \max(r, a_\min), \quad
              L \leftarrow \max(L, \max_{t,k} L - \mathrm{top\_db})

    This is ``librosa.power_to_db`` of one clip. Given a batch, librosa takes the maximum over all
    of it; here a clip's values never depend on its neighbours.

    Parameters
    ----------
    power : ndarray, shape (..., frames, bands)
        Power, at least 0, float32 or float64; a clip is its last two axes.
    ref : float
        The power that lies at 0 dB, above 0.
    amin : float
        Powers below this count as this one, so that silence is finite; above 0.
    top_db : float or None
        Dynamic range of a clip in dB; None leaves it as it is.

    Returns
    -------
    ndarray, shape (..., frames, bands)
        Decibels in the dtype of `power`; silence is ``10 log10(amin / ref)`` throughout.

    Raises
    ------
    ParameterError
        If `amin` or `ref` is not positive, or `top_db` is negative.

    Examples
    --------
    >>> power_to_db(np.array([[1.0, 0.1, 0.0]]))
    array([[  0., -10., -80.]])
    """
    if check_number("amin", amin) <= 0 or check_number("ref", ref) <= 0:
        raise ParameterError(f"amin={amin!r} and ref={ref!r} must both be positive powers")
    decibels = np.maximum(power, power.dtype.type(amin))
    np.log10(decibels, out=decibels)
    decibels *= 10
    decibels -= 10 * np.log10(max(ref, amin))
    if top_db is not None:
        peak = decibels.max(axis=(-2, -1), keepdims=True)
        floor = peak - peak.dtype.type(check_number("top_db", top_db, at_least=0))
        np.maximum(decibels, floor, out=decibels)
    return decibels
