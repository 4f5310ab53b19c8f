"""Alignment of two clips: the path of least cost, and the costs that it runs through.

What `resound.distances.dtw` computes for a pair, in a plain program that keeps everything: for
pictures and for checks, not for galleries.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from resound.distances._clips import check_frames, check_same_dims
from resound.distances._dtw_inputs import as_frames, reach
from resound.distances.dtw import LOCAL_COSTS
from resound.errors import ParameterError, check_choice

Float64 = npt.NDArray[np.float64]
STEPS = ((1, 1), (1, 0), (0, 1))  # backwards; of equal ways the first is taken


class Alignment(NamedTuple):
    """Two clips frame against frame.

    Attributes
    ----------
    costs : ndarray, shape (n, m)
        Local costs of all pairs of frames, at least 0; infinite outside the band.
    path : ndarray of int, shape (length, 2)
        The pairs of frames of the path, from (0, 0) to (n - 1, m - 1).
    distance : float
        The sum of the costs along the path: the DTW distance.
    """

    costs: Float64
    path: npt.NDArray[np.int64]
    distance: float


def align(
    x: npt.ArrayLike, y: npt.ArrayLike, *, local_cost: str = "euclidean", band: float | None = None
) -> Alignment:
    """Return the path whose costs add up to the DTW distance, in float64.

    Recurrence, local costs and band are those of `resound.distances.dtw`. Where several paths cost
    the same, the one with diagonal steps towards the end is taken.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d)
        Frames of two clips: finite real numbers, of any unit.
    local_cost : {"euclidean", "squared", "cosine"}
        Distance of two frames.
    band : float in [0, 1], optional
        Sakoe-Chiba band as a fraction of the longer clip; none by default.

    Returns
    -------
    Alignment
        Costs, path and distance.

    Raises
    ------
    ParameterError
        If a clip is empty or not finite, the dims differ, or an option is out of its range.

    Examples
    --------
    >>> alignment = align([[0.0], [1.0], [5.0]], [[0.0], [0.0], [1.0], [3.0]])
    >>> alignment.path.tolist()
    [[0, 0], [0, 1], [1, 2], [2, 3]]
    >>> alignment.distance
    2.0
    """
    x, y = np.asarray(x), np.asarray(y)
    for name, clip in (("x", x), ("y", y)):
        if clip.ndim != 2:
            raise ParameterError(f"{name} of shape {clip.shape} must be one clip (frames, dims)")
        check_frames(name, clip)
    check_same_dims("x", x, "y", y)
    costs = _local_costs(x, y, check_choice("local_cost", local_cost, LOCAL_COSTS))
    below, above = reach(len(x), len(y), band)
    offset = np.arange(len(y)) - np.arange(len(x))[:, np.newaxis]
    costs[(offset < -below) | (offset > above)] = np.inf
    totals = _accumulate(costs)
    return Alignment(costs, _trace(totals), float(totals[-1, -1]))


def _local_costs(x: npt.NDArray[Any], y: npt.NDArray[Any], local_cost: str) -> Float64:
    points = (
        as_frames(name, clip[np.newaxis], slice(None), local_cost, "float64")[0]
        for name, clip in (("x", x), ("y", y))
    )
    metric = "euclidean" if local_cost == "euclidean" else "sqeuclidean"
    return np.asarray(cdist(*points, metric))


def _accumulate(costs: Float64) -> Float64:
    """Return D, with a row and a column of infinity before it."""
    totals = np.full((costs.shape[0] + 1, costs.shape[1] + 1), np.inf)
    totals[0, 0] = 0.0
    for i, j in np.ndindex(costs.shape):
        totals[i + 1, j + 1] = costs[i, j] + min(totals[i, j], totals[i, j + 1], totals[i + 1, j])
    return totals


def _trace(totals: Float64) -> npt.NDArray[np.int64]:
    cell = (totals.shape[0] - 1, totals.shape[1] - 1)
    path = [cell]
    while cell != (1, 1):
        cell = min(
            ((cell[0] - i, cell[1] - j) for i, j in STEPS), key=lambda before: totals[before]
        )
        path.append(cell)
    return np.array(path[::-1]) - 1
