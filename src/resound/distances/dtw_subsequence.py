"""Subsequence DTW: where in a longer clip a query is, and how far from what stands there.

With local costs d(i, j) = |x_i - y_j| of the query's frames x and the clip's frames y,

    D(0, j) = d(0, j),    D(i, j) = d(i, j) + min(D(i-1, j-1), D(i-1, j), D(i, j-1)),

the distance is the least D(n - 1, j): all of the query is matched, to a stretch of the clip that
may begin and end anywhere. It is not normalised: distances to one query compare.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from resound.distances._clips import check_frames, check_same_dims
from resound.distances._dtw_inputs import as_frames
from resound.distances._dtw_subsequence_kernels import last_row
from resound.errors import ParameterError


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
    totals, begins = last_row(np.ascontiguousarray(cdist(*points)))
    last = int(np.argmin(totals))
    return Match(float(totals[last]), int(begins[last]), last)
