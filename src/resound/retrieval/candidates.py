"""Candidates: which gallery clips a query may find, and in which order equally near ones stand."""

from typing import Any

import numpy as np
import numpy.typing as npt

from resound.errors import ParameterError

NO_HIT = -1


def order_of_ids(gallery_ids: npt.ArrayLike | None, n_gallery: int) -> npt.NDArray[np.intp]:
    """Return the positions of the gallery clips in ascending order of their ids as strings.

    Parameters
    ----------
    gallery_ids : array_like of str, shape (N,), or None
        Ids of the gallery clips, each one once; without ids the positions themselves are the order.
    n_gallery : int
        Number N of gallery clips.

    Returns
    -------
    ndarray of int, shape (N,)
        Positions in the gallery, from 0.

    Raises
    ------
    ParameterError
        Unless `gallery_ids` name each of `n_gallery` clips once.

    Examples
    --------
    >>> order_of_ids(["dog", "cat", "rain"], 3)
    array([1, 0, 2])
    """
    if gallery_ids is None:
        return np.arange(n_gallery)
    ids = np.asarray(gallery_ids).astype(str)
    if ids.shape != (n_gallery,):
        raise ParameterError(
            f"gallery_ids of shape {ids.shape} must name the {n_gallery} clips of the gallery"
        )
    order = np.argsort(ids, kind="stable")
    twice = ids[order][1:][ids[order][1:] == ids[order][:-1]]
    if twice.size:
        raise ParameterError(
            f"gallery id {str(twice[0])!r} is listed more than once, so equal distances have no "
            "order; give each clip one row"
        )
    return order


def allowed_pairs(excluded: npt.ArrayLike | None, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return which pairs (queries, gallery clips) may be listed: those not `excluded`.

    Parameters
    ----------
    excluded : array_like of bool, shape (Q, N), or None
        Pairs that must not be listed; None excludes none.
    shape : tuple of int
        ``(Q, N)``.

    Returns
    -------
    ndarray of bool, shape (Q, N)
        True where the pair may be listed.

    Raises
    ------
    ParameterError
        Unless `excluded` are booleans of `shape`, or None.

    Examples
    --------
    >>> allowed_pairs([[True, False]], (1, 2))
    array([[False,  True]])
    """
    if excluded is None:
        return np.ones(shape, dtype=bool)
    mask = np.asarray(excluded)
    if mask.shape != shape or mask.dtype != bool:
        raise ParameterError(
            f"excluded of shape {mask.shape} and type {mask.dtype} must be booleans of shape "
            f"{shape}: (queries, gallery clips)"
        )
    return ~mask


def nearest(
    clips: npt.NDArray[np.intp], distances: npt.NDArray[Any], by_id: npt.NDArray[np.intp], k: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[Any]]:
    """Return the `k` nearest of listed clips, nearest first.

    Parameters
    ----------
    clips : ndarray of int, shape (Q, n_listed)
        Positions in the gallery, or NO_HIT, which comes after a hit at infinity.
    distances : ndarray, shape (Q, n_listed)
        Their distances.
    by_id : ndarray of int, shape (N,)
        The order of equally near clips, as `order_of_ids` returns it.
    k : int
        Length of the lists.

    Returns
    -------
    clips, distances : ndarray, shape (Q, min(k, n_listed))
        Those of the nearest clips.

    Examples
    --------
    >>> by_id = order_of_ids(["dog", "cat", "rain"], 3)
    >>> clips, distances = nearest(np.array([[0, 1, 2]]), np.array([[0.5, 0.5, 0.1]]), by_id, 2)
    >>> clips, distances
    (array([[2, 1]]), array([[0.1, 0.5]]))
    """
    place = np.empty(len(by_id) + 1, np.intp)
    place[by_id] = np.arange(len(by_id))
    place[NO_HIT] = len(by_id)
    order = np.lexsort((place[clips], distances), axis=-1)[:, :k]
    return np.take_along_axis(clips, order, axis=1), np.take_along_axis(distances, order, axis=1)
