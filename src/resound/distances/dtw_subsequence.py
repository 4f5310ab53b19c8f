"""Subsequence DTW: where in a longer clip a query is, and how far from what stands there.

With local costs d(i, j) = |x_i - y_j| of the query's frames x and the clip's frames y,

    D(0, j) = d(0, j),    D(i, j) = d(i, j) + min(D(i-1, j-1), D(i-1, j), D(i, j-1)),

the distance is the least D(n - 1, j): all of the query is matched, to a stretch of the clip that
may begin and end anywhere. It is not normalised: distances to one query compare. It is not
symmetric: a query that is cut out of a clip is at 0 from it, and the clip is far from the query.

`match` tells of one pair where the query is, `pairwise` tells of all pairs how far it is.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from resound.distances import _dtw_subsequence_kernels
from resound.distances._clips import Array, as_clips, check_frames, check_same_dims
from resound.distances._dtw_inputs import as_frames, in_blocks, interleave
from resound.distances.dtw import DTYPES, LOCAL_COSTS
from resound.errors import ParameterError, check_choice
from resound.registry import DISTANCES


class Match(NamedTuple):
    """The stretch of a clip that is nearest to a query: from frame `first` to `last`, both in it.

    `distance` is the sum of the costs along the path, in the unit of the frames.
    """

    distance: float
    first: int
    last: int


def match(query: npt.ArrayLike, clip: npt.ArrayLike) -> Match:
    """Return the stretch of a clip that is nearest to a query; see the module.

    Parameters
    ----------
    query : array_like, shape (n, d)
        Frames: finite real numbers, of any unit.
    clip : array_like, shape (m, d)
        Frames of what is searched, usually m > n.

    Returns
    -------
    Match
        In float64; of stretches at the same distance the one that ends first.

    Raises
    ------
    ParameterError
        If a clip is empty or not finite, or the dims differ.

    References
    ----------
    M. Müller, "Information retrieval for music and motion", 2007, section 4.4.

    Examples
    --------
    >>> match([[1.0], [5.0]], [[0.0], [1.0], [1.0], [5.0], [9.0]])
    Match(distance=0.0, first=2, last=3)
    """
    x, y = np.asarray(query), np.asarray(clip)
    for name, frames in (("query", x), ("clip", y)):
        if frames.ndim != 2:
            raise ParameterError(f"{name} of shape {frames.shape} must be one clip (frames, dims)")
        check_frames(name, frames)
    check_same_dims("query", x, "clip", y)
    points = (
        as_frames(name, frames[np.newaxis], slice(None), "euclidean", "float64")[0]
        for name, frames in (("query", x), ("clip", y))
    )
    totals, begins = _dtw_subsequence_kernels.last_row(np.ascontiguousarray(cdist(*points)))
    last = int(np.argmin(totals))
    return Match(float(totals[last]), int(begins[last]), last)


@DISTANCES.register("dtw_subsequence")
def pairwise(
    queries: npt.ArrayLike,
    gallery: npt.ArrayLike,
    *,
    local_cost: str = "euclidean",
    dtype: str = "float32",
    n_threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> npt.NDArray[np.floating[Any]]:
    """Return how far all queries are from the nearest stretch of all clips; see the module.

    Parameters
    ----------
    queries : array_like, shape (Q, n, d)
        Frames of the queries: finite real numbers, of any unit.
    gallery : array_like, shape (N, m, d)
        Frames of the clips that are searched, usually m > n. A memory map is read in blocks.
    local_cost : {"euclidean", "squared", "cosine"}
        Distance of two frames, as in `resound.distances.dtw`.
    dtype, n_threads, progress
        As in `resound.distances.dtw.pairwise`.

    Returns
    -------
    ndarray, shape (Q, N), of type `dtype`
        At least 0, in the unit of the frames for ``"euclidean"``; at most the DTW distance of the
        same pair. To the last bit the same for every number of threads and however queries and
        gallery are split into calls.

    Raises
    ------
    ParameterError
        As `resound.distances.dtw.pairwise`.

    References
    ----------
    M. Müller, "Information retrieval for music and motion", 2007, section 4.4.

    Examples
    --------
    >>> query = [[[1.0], [5.0]]]
    >>> gallery = [[[0.0], [1.0], [5.0], [9.0]], [[0.0], [1.0], [2.0], [3.0]]]
    >>> pairwise(query, gallery)
    array([[0., 3.]], dtype=float32)
    """
    check_choice("local_cost", local_cost, LOCAL_COSTS)
    check_choice("dtype", dtype, DTYPES)
    x, y = as_clips("queries", queries), as_clips("gallery", gallery)
    check_same_dims("queries", x, "gallery", y)

    def compute(frames: Array, clips: Array) -> Array:
        found: Array = _dtw_subsequence_kernels.pairwise(
            frames, interleave(clips), local_cost == "euclidean"
        )
        return found.reshape(len(frames), -1)[:, : len(clips)]

    return in_blocks(
        x,
        y,
        compute,
        local_cost=local_cost,
        dtype=dtype,
        n_threads=n_threads,
        progress=progress,
    )
