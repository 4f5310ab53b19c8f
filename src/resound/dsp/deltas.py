"""Time derivatives of feature sequences ("deltas"), by a polynomial fit around each frame."""

import math

import numpy as np

from resound.dsp.arrays import FloatArray
from resound.errors import ParameterError, check_choice, check_positive_int


def delta_weights(width: int, order: int) -> FloatArray:
    r"""Return the weights whose sum over `width` frames is the derivative of a fitted polynomial.

    A polynomial of degree d = `order` is fitted by least squares to the frames at
    :math:`k = -h..h`. Its d-th derivative is constant, d! times the leading coefficient, which is
    the projection on the d-th orthogonal polynomial over these points, monic:
    :math:`p_1 = k` and :math:`p_2 = k^2 - \overline{k^2}`. So

    .. math:: w_k = d!\, p_d(k) / \sum_j p_d(j)^2 .

    Parameters
    ----------
    width : int
        Frames of the fit, odd and at least 3.
    order : {1, 2}
        First or second derivative.

    Returns
    -------
    ndarray of float64, shape (width,)
        Per frame for order 1, per frame squared for order 2.

    Raises
    ------
    ParameterError
        For an even or too small width, or another order.

    References
    ----------
    A. Savitzky, M. J. E. Golay, "Smoothing and differentiation of data by simplified least squares
    procedures", Analytical Chemistry 36(8), 1964.

    Examples
    --------
    >>> delta_weights(5, order=1)
    array([-0.2, -0.1,  0. ,  0.1,  0.2])
    """
    check_choice("order", order, (1, 2))
    width = check_positive_int("width", width, "frames")
    if width < 3 or width % 2 == 0:
        raise ParameterError(f"width={width} must be an odd number of frames, 3 or more")
    k = np.arange(width) - width // 2
    polynomial: FloatArray = k.astype(np.float64) if order == 1 else k**2 - np.mean(k**2)
    return polynomial * (math.factorial(order) / np.sum(polynomial**2))


def delta(features: FloatArray, *, order: int = 1, width: int = 9) -> FloatArray:
    """Return the first or second derivative along time, per frame.

    The derivative at a frame is that of the polynomial of degree `order` fitted to the `width`
    frames around it (`delta_weights`). The first and last ``width // 2`` frames have no such
    neighbourhood and take the value of the nearest frame that has one: it is the derivative of the
    same polynomial, as in ``librosa.feature.delta`` with ``mode="interp"``.

    Parameters
    ----------
    features : ndarray, shape (..., frames, dims)
        Feature sequences of at least `width` frames, float32 or float64.
    order : {1, 2}
        First or second derivative.
    width : int
        Frames of the fit, odd and at least 3.

    Returns
    -------
    ndarray, shape (..., frames, dims)
        In units of `features` per frame (or per frame squared), in their dtype.

    Raises
    ------
    ParameterError
        For a bad width or order, or fewer than `width` frames.

    Examples
    --------
    A feature that grows by 2 a frame has the derivative 2:

    >>> rising = 2.0 * np.arange(9)[:, np.newaxis]
    >>> delta(rising).ravel().round(6)
    array([2., 2., 2., 2., 2., 2., 2., 2., 2.])
    """
    weights = delta_weights(width, order).astype(features.dtype)
    n_frames = features.shape[-2]
    if n_frames < width:
        raise ParameterError(
            f"width={width} frames of a derivative need a clip at least as long, not "
            f"{n_frames} frames; lower hop_length or width, or use longer clips"
        )
    n_fits = n_frames - width + 1
    fits = sum(w * features[..., k : k + n_fits, :] for k, w in enumerate(weights))
    nearest = np.clip(np.arange(n_frames) - width // 2, 0, n_fits - 1)
    return np.take(fits, nearest, axis=-2)


def with_deltas(features: FloatArray, *, width: int = 9) -> FloatArray:
    """Return ``(features, first derivative, second derivative)`` side by side.

    Parameters
    ----------
    features : ndarray, shape (..., frames, dims)
        Feature sequences of at least `width` frames, float32 or float64.
    width : int
        Frames of the fit, odd and at least 3.

    Returns
    -------
    ndarray, shape (..., frames, 3 * dims)
        In the dtype of `features`; the derivatives are those of `delta`.

    Raises
    ------
    ParameterError
        As `delta`.
    """
    derivatives = [delta(features, order=order, width=width) for order in (1, 2)]
    return np.concatenate([features, *derivatives], axis=-1)
