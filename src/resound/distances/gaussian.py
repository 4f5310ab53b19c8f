"""Distance of the Gaussians of two clips' frames, whatever their order: what sounds, not when."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from resound.distances._clips import Array, as_clips, blocks, check_same_dims
from resound.distances._dtw_inputs import numba_threads
from resound.distances._gaussian_kernels import set_divergences
from resound.errors import ParameterError, is_real
from resound.registry import DISTANCES

Float64 = npt.NDArray[np.float64]

CLIPS_AT_A_TIME = 256


class _Gaussians(NamedTuple):
    """Means (n, d), covariances and their inverses (n, d, d)."""

    means: Float64
    covariances: Float64
    precisions: Float64


@DISTANCES.register("gaussian")
def pairwise(
    queries: npt.ArrayLike,
    gallery: npt.ArrayLike,
    *,
    ridge: float = 30.0,
    n_threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Float64:
    r"""Return the root of the symmetric Kullback-Leibler divergence of two clips' Gaussians.

    The frames of a clip have mean :math:`\mu` and covariance :math:`C` (divided by their number);
    its Gaussian is :math:`N(\mu, \Sigma)` with :math:`\Sigma = C + r I`, `r` the ridge. With
    :math:`\delta = \mu_x - \mu_y`

    .. math:: J = \tfrac12 \operatorname{tr} (\Sigma_y^{-1} - \Sigma_x^{-1}) (\Sigma_x - \Sigma_y)
        + \tfrac12 \delta^T (\Sigma_x^{-1} + \Sigma_y^{-1}) \delta ,

    and the distance is :math:`\sqrt J`: 0 for equal Gaussians, symmetric, and like a number of
    standard deviations where the covariances are alike.

    Parameters
    ----------
    queries : array_like, shape (Q, n, d)
        Frames of the queries: finite real numbers, of any unit.
    gallery : array_like, shape (N, m, d)
        Frames of the gallery clips, of any number.
    ridge : float
        Variance that is added to each dim, in the square of the frames' unit; it keeps a clip whose
        frames hardly vary, silence among them, from being infinitely far from all others.
    n_threads : int, optional
        Threads to use; as many as numba uses by default.
    progress : callable, optional
        Called after each block of queries with the number of queries finished so far.

    Returns
    -------
    ndarray of float64, shape (Q, N)

    Raises
    ------
    ParameterError
        If clips are empty, of different dims, not finite or so large that their squares overflow;
        if `ridge` or `n_threads` is not positive.

    Notes
    -----
    The sum of a pair runs in one order: its value is the same for every number of threads and
    however queries and gallery are split into calls. A pair costs d^2 steps.

    References
    ----------
    M. Mandel and D. Ellis, "Song-level features and support vector machines for music
    classification", ISMIR 2005.

    Examples
    --------
    Two clips of constant frames, two standard deviations of the ridge apart:

    >>> pairwise([[[0.0], [0.0]]], [[[4.0]], [[0.0]]], ridge=4.0)
    array([[2., 0.]])
    """
    if not is_real(ridge) or not 0 < ridge < np.inf:
        raise ParameterError(f"ridge={ridge!r} must be a positive number: a variance of frames")
    x, y = as_clips("queries", queries), as_clips("gallery", gallery)
    check_same_dims("queries", x, "gallery", y)
    distances = np.empty((len(x), len(y)))
    with numba_threads(n_threads):
        others = _gaussians("gallery", y, ridge)
        for rows in blocks(len(x), CLIPS_AT_A_TIME):
            asked = _gaussians("queries", x[rows], ridge, first=rows.start)
            set_divergences(distances[rows], *asked, *others)
            if progress is not None:
                progress(rows.stop)
    return np.sqrt(distances, out=distances)


def _gaussians(name: str, clips: Array, ridge: float, first: int = 0) -> _Gaussians:
    """Return the Gaussians of clips (n, frames, d), some clips at a time."""
    n, _, d = clips.shape
    found = _Gaussians(np.empty((n, d)), np.empty((n, d, d)), np.empty((n, d, d)))
    with threadpool_limits(limits=1), np.errstate(over="ignore", invalid="ignore"):
        for place, clip in enumerate(clips):
            frames = np.asarray(clip, np.float64)
            mean = frames.mean(axis=0)
            rest = frames - mean
            covariance = rest.T @ rest / len(frames) + ridge * np.eye(d)
            if not (np.isfinite(covariance).all() and np.isfinite(mean @ mean)):
                raise ParameterError(
                    f"{name}: clip {first + place} holds NaN, infinity or values whose squares "
                    "overflow; validate the features of this clip"
                )
            inverse = np.linalg.inv(covariance)
            found.means[place], found.covariances[place] = mean, covariance
            # The inverse of a symmetric matrix is one, up to rounding.
            found.precisions[place] = (inverse + inverse.T) / 2
    return found
