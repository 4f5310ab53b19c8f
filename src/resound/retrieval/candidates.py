"""Which gallery clips may be hits of a query, and in which order equally near ones stand."""

from typing import Any

import numpy as np
import numpy.typing as npt

from resound.errors import ParameterError

NO_HIT = -1


def order_of_ids(gallery_ids: npt.ArrayLike | None, n_gallery: int) -> npt.NDArray[np.intp]:
    """Return the positions of the gallery clips in ascending order of their ids as strings.

    Without ids the positions themselves are the order. Raises ParameterError unless `gallery_ids`
    name each of `n_gallery` clips once.
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
            f"gallery id {str(twice[0])!r} stands more than once, so ties have no order; "
            "give each clip one row"
        )
    return order


def allowed_pairs(excluded: npt.ArrayLike | None, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return which pairs (queries, gallery clips) may be listed: those not `excluded`.

    Raises ParameterError unless `excluded` are booleans of `shape`, or None.
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
    """Return the `k` nearest of listed clips, both arrays (queries, at most k), nearest first.

    `clips` and `distances` (queries, listed) hold positions in the gallery, or NO_HIT, which is
    behind a hit at infinity. Equally near clips stand as in `by_id`, which `order_of_ids` returns.
    """
    place = np.empty(len(by_id) + 1, np.intp)
    place[by_id] = np.arange(len(by_id))
    place[NO_HIT] = len(by_id)
    order = np.lexsort((place[clips], distances), axis=-1)[:, :k]
    return np.take_along_axis(clips, order, axis=1), np.take_along_axis(distances, order, axis=1)
