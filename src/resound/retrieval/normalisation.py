"""Normalisation of vectors before they are compared: centring, standardising, whitening, length.

Vectors of one network share a large part, which hides in what they differ; what is fitted to take
it away is fitted on the gallery alone.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from resound.errors import ParameterError, check_choice

Floating = npt.NDArray[np.floating]
Fitted = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]

# Of the mean variance, added to each: directions that the gallery hardly fills are not blown up.
SHRINKAGE = 1e-3
ROUNDING = 1e-9


def normalise(x: npt.ArrayLike, gallery: npt.ArrayLike, steps: Sequence[str]) -> Floating:
    r"""Return vectors after some steps, each fitted on the gallery as the steps before left it.

    With the mean :math:`\mu` of the gallery's vectors, their standard deviations :math:`\sigma` and
    their covariance :math:`U \Lambda U^T`,

    - ``centre`` gives :math:`x - \mu`;
    - ``standardise`` gives :math:`(x - \mu) / \sigma`, and 0 in a dim that is the same in all of
      the gallery;
    - ``whiten`` gives :math:`(x - \mu) \, U (\Lambda + \epsilon \bar\lambda I)^{-1/2} U^T`, with
      :math:`\epsilon` = `SHRINKAGE` of the mean variance :math:`\bar\lambda`;
    - ``unit`` gives :math:`x / \lVert x \rVert`; the zero vector stays.

    Computed in float64 on one thread: the result does not depend on the cores of a run.

    Parameters
    ----------
    x : array_like, shape (n_clips, frames, dims)
        What is compared.
    gallery : array_like, shape (n_gallery, frames, dims)
        What the steps are fitted on; every frame is a vector.
    steps : sequence of str
        ``centre``, ``standardise``, ``whiten`` and ``unit``, in the order in which they are done.

    Returns
    -------
    ndarray, shape (n_clips, frames, dims)
        Of the type of `x`.

    Raises
    ------
    ParameterError
        For an unknown step, an empty gallery or other dims in it.

    References
    ----------
    J. Su et al., "Whitening sentence representations for better semantics and faster retrieval",
    2021.

    Examples
    --------
    >>> normalise([[[3.0, 4.0]]], [[[3.0, 1.0]], [[3.0, 3.0]]], ["centre", "unit"]).tolist()
    [[[0.0, 1.0]]]
    """
    compared, fitted = np.asarray(x), np.asarray(gallery, dtype=np.float64)
    dims = compared.shape[-1]
    if not fitted.size or fitted.shape[-1] != dims:
        raise ParameterError(
            f"gallery of shape {fitted.shape} must hold vectors of the {dims} dims that are "
            "compared"
        )
    fitted = fitted.reshape(-1, dims)
    vectors = compared.reshape(-1, dims).astype(np.float64)
    with threadpool_limits(limits=1):
        for step in steps:
            fit = STEPS[check_choice("normalise", step, STEPS)](fitted)
            vectors, fitted = fit(vectors), fit(fitted)
    return vectors.reshape(compared.shape).astype(compared.dtype)


def _centre(gallery: npt.NDArray[np.float64]) -> Fitted:
    mean = gallery.mean(0)
    return lambda x: x - mean


def _standardise(gallery: npt.NDArray[np.float64]) -> Fitted:
    mean, deviation = gallery.mean(0), gallery.std(0)
    # What rounding makes of a dim that does not vary is no deviation.
    varies = deviation > ROUNDING * np.abs(gallery).max(0)
    scales = np.divide(1, deviation, out=np.zeros_like(mean), where=varies)
    return lambda x: (x - mean) * scales


def _whiten(gallery: npt.NDArray[np.float64]) -> Fitted:
    mean = gallery.mean(0)
    covariance = np.cov(gallery, rowvar=False, bias=True).reshape(len(mean), len(mean))
    variances, axes = np.linalg.eigh(covariance)
    shrunk = variances.clip(0) + SHRINKAGE * variances.mean()
    scales = np.divide(1, np.sqrt(shrunk), out=np.zeros_like(shrunk), where=shrunk > 0)
    turned = (axes * scales) @ axes.T
    return lambda x: (x - mean) @ turned


def _unit(gallery: npt.NDArray[np.float64]) -> Fitted:
    return _of_unit_length


def _of_unit_length(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    norms: npt.NDArray[np.float64] = np.linalg.norm(x, axis=1, keepdims=True)
    unit: npt.NDArray[np.float64] = np.divide(x, norms, out=np.zeros_like(x), where=norms > 0)
    return unit


STEPS: dict[str, Callable[[npt.NDArray[np.float64]], Fitted]] = {
    "centre": _centre,
    "standardise": _standardise,
    "whiten": _whiten,
    "unit": _unit,
}
