"""Nearest clips of one clip, by any distance, in one call."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from resound.errors import check_positive_int
from resound.registry import DISTANCES


class Nearest(NamedTuple):
    """The nearest clips, the nearest first.

    Attributes
    ----------
    positions : ndarray of int, shape (k,)
        Of the clips.
    distances : ndarray, shape (k,)
        How far they are.
    """

    positions: npt.NDArray[np.intp]
    distances: npt.NDArray[np.floating[Any]]


def similar(
    query: npt.ArrayLike, clips: Any, *, k: int = 10, distance: str = "dtw", **options: Any
) -> Nearest:
    """Return the clips that are nearest to a query, the nearest first.

    Parameters
    ----------
    query : array_like, shape (n, d)
        Frames of a feature.
    clips : sequence of array_like, shapes (m, d)
        The same feature of the clips among which is looked; with ``"dtw"`` of any lengths.
    k : int
        How many are returned; all, when there are fewer.
    distance : str
        A distance of `resound.registry.DISTANCES`.
    **options
        Of the distance.

    Returns
    -------
    positions, distances : ndarray, shape (min(k, len(clips)),)
        Equally near clips in the order of `clips`.

    Raises
    ------
    ParameterError
        If `k` is not a positive integer or the distance is not known, and as the distance does.

    Examples
    --------
    >>> clips = [[[0.0], [1.0]], [[5.0]], [[0.0], [0.0], [2.0]]]
    >>> similar([[0.0], [1.0]], clips, k=2)
    Nearest(positions=array([0, 2]), distances=array([0., 1.], dtype=float32))
    """
    check_positive_int("k", k)
    found = DISTANCES[distance](np.asarray(query)[np.newaxis], clips, **options)[0]
    order = np.argsort(found, kind="stable")[:k]
    return Nearest(order, found[order])
