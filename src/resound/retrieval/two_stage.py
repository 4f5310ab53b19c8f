"""Two-stage search: a cheap distance proposes clips, and a dear one decides their order.

The first stage proposes to each query the `depth` gallery clips that are nearest by the cheap
distance (`resound.retrieval.ranking.rank`). The second computes the dear distance of these pairs
and of no others. `reordered` puts both into one row of distances for each query, so that whatever
ranks distances ranks these:

- the proposed clips are at their dear distance;
- all others come behind the last of them, in the order of the cheap distance, equally near ones
  equally far.

With a depth of the gallery's size or more that is the ranking by the dear distance alone.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from resound.errors import ParameterError
from resound.retrieval.candidates import NO_HIT

Float64 = npt.NDArray[np.float64]


def reordered(cheap: npt.ArrayLike, proposed: npt.ArrayLike, dear: npt.ArrayLike) -> Float64:
    """Return the distances (Q, N) of a two-stage search.

    Parameters
    ----------
    cheap : array_like, shape (Q, N)
        The first stage's distances of all pairs; infinity is allowed, NaN is not.
    proposed : array_like of int, shape (Q, n)
        Positions in the gallery that the first stage proposes; -1 where it has no more.
    dear : array_like, shape (Q, n)
        The second stage's distances of these, finite; what stands at -1 counts not.

    Returns
    -------
    ndarray, shape (Q, N)
        The dear distance d of a proposed clip. Of another, max d + s r with r = 1, 2, ... the place
        of its cheap distance among the different ones of its row: s is 1, or where max d is so
        large that 1 would be lost in rounding, four units of its last place.

    Raises
    ------
    ParameterError
        When a cheap distance is NaN, a dear one is not finite, a position is outside the gallery or
        stands twice, or the shapes do not fit together.

    Examples
    --------
    The third clip, nearest at first, is further than the first one by the dear distance:

    >>> reordered([[0.2, 0.9, 0.1, 0.9]], [[2, 0]], [[7.0, 5.0]])
    array([[ 5., 10.,  7., 10.]])
    """
    first, places, second = np.asarray(cheap, float), np.asarray(proposed), np.asarray(dear, float)
    there = _checked(first, places, second)
    last = np.where(there, second, -np.inf).max(axis=1, initial=-np.inf)
    last = np.where(there.any(axis=1), last, 0.0)
    step = np.maximum(1.0, 4 * np.spacing(np.abs(last)))
    behind = rankdata(first, method="dense", axis=1)
    found: Float64 = last[:, np.newaxis] + step[:, np.newaxis] * behind
    row, column = np.nonzero(there)
    found[row, places[row, column]] = second[row, column]
    return found


def _checked(cheap: Float64, proposed: npt.NDArray[Any], dear: Float64) -> npt.NDArray[np.bool_]:
    """Return where `proposed` names a clip; raise ParameterError where the three do not fit."""
    fitting = cheap.ndim == proposed.ndim == 2 and len(cheap) == len(proposed)
    if not fitting or proposed.shape != dear.shape:
        raise ParameterError(
            f"cheap of shape {cheap.shape}, proposed of {proposed.shape} and dear of {dear.shape} "
            "must be (queries, gallery) and twice (queries, proposed clips)"
        )
    if np.isnan(cheap).any():
        raise ParameterError("a cheap distance is NaN and has no rank; validate its clips")
    there: npt.NDArray[np.bool_] = proposed != NO_HIT
    if not np.isfinite(dear[there]).all():
        raise ParameterError("a dear distance is not finite; validate the features of its clips")
    ordered = np.sort(np.where(there, proposed, NO_HIT), axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != NO_HIT)
    if ordered.size and (ordered.min() < NO_HIT or ordered.max() >= cheap.shape[1] or twice.any()):
        raise ParameterError(
            f"proposed must be positions of {cheap.shape[1]} gallery clips, each once, or {NO_HIT}"
        )
    return there
