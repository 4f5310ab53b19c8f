"""From distances to ranked lists of gallery clips, and what may and may not stand in them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from resound.candidates import NO_HIT, allowed_pairs, order_of_ids
from resound.errors import DataError, ParameterError, check_positive_int

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.floating[Any]]
Labels = npt.ArrayLike


def rank(
    distances: npt.ArrayLike,
    gallery_ids: Labels,
    *,
    k: int,
    excluded: npt.ArrayLike | None = None,
) -> tuple[npt.NDArray[np.intp], Float]:
    """Return the `k` nearest gallery clips of each query.

    Hits are in ascending order of distance; equal distances are in ascending order of the clip id
    as a string. So the result depends neither on the order of the gallery nor on the sort.

    Parameters
    ----------
    distances : array_like, shape (Q, N)
        Distance of each query to each gallery clip; infinity is allowed, NaN is not.
    gallery_ids : array_like of str, shape (N,)
        Ids of the gallery clips, each one once.
    k : int
        Length of the lists; it may exceed N.
    excluded : array_like of bool, shape (Q, N), optional
        Pairs that must not be listed: the query itself, or clips of its recording.

    Returns
    -------
    positions : ndarray of int, shape (Q, k)
        Positions of the hits in the gallery; -1 where a query has no more candidates.
    scores : ndarray, shape (Q, k)
        Their distances; infinity where there is no hit.

    Raises
    ------
    ParameterError
        If a distance is NaN, an id stands twice, or the shapes do not fit together.
    """
    k = check_positive_int("k", k, "hits")
    d = _checked_distances(distances)
    by_id = order_of_ids(gallery_ids, d.shape[1])
    allowed = allowed_pairs(excluded, d.shape)[:, by_id]
    d = d[:, by_id]
    # Excluded pairs sort last even among infinite distances: the mask is the primary key.
    order = np.lexsort((d, ~allowed), axis=-1)[:, :k]
    hit = np.take_along_axis(allowed, order, axis=1)
    positions = np.full((len(d), k), NO_HIT, dtype=np.intp)
    scores = np.full((len(d), k), np.inf, dtype=d.dtype)
    positions[:, : order.shape[1]] = np.where(hit, by_id[order], NO_HIT)
    scores[:, : order.shape[1]] = np.where(hit, np.take_along_axis(d, order, axis=1), np.inf)
    return positions, scores


def _checked_distances(distances: npt.ArrayLike) -> Float:
    d = np.asarray(distances)
    if d.ndim != 2 or d.dtype.kind not in "fiu":
        raise ParameterError(
            f"distances of shape {d.shape} and type {d.dtype} must be real numbers "
            "(queries, gallery clips)"
        )
    if np.isnan(d).any():
        query, clip = np.argwhere(np.isnan(d))[0]
        raise ParameterError(
            f"the distance of query {query} to gallery clip {clip} is NaN and has no rank; "
            "validate the features of both"
        )
    return d if d.dtype.kind == "f" else d.astype(np.float64)


def tie_share(scores: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return for each query the share of hits whose score equals that of a neighbour in the list.

    Such hits stand in the order of their ids rather than by what was measured.

    Parameters
    ----------
    scores : array_like, shape (Q, k)
        Scores of ranked hits as `rank` returns them; infinite ones are no hits.

    Returns
    -------
    ndarray, shape (Q,)
        Between 0 and 1; 0 where there are no hits.
    """
    s = np.asarray(scores)
    hit = np.isfinite(s)
    equal = (s[:, 1:] == s[:, :-1]) & hit[:, 1:]
    tied = np.zeros_like(hit)
    tied[:, 1:] |= equal
    tied[:, :-1] |= equal
    return np.asarray(tied.sum(axis=1) / np.maximum(hit.sum(axis=1), 1), dtype=np.float64)


def exclusion_mask(
    query_ids: Labels,
    gallery_ids: Labels,
    query_recordings: Labels,
    gallery_recordings: Labels,
    *,
    same_recording: bool,
) -> Bool:
    """Return which pairs must not be ranked: a clip against itself, or against its recording.

    Parameters
    ----------
    query_ids, query_recordings : array_like, shape (Q,)
        Clip ids of the queries and the source recordings they were cut from.
    gallery_ids, gallery_recordings : array_like, shape (N,)
        The same of the gallery.
    same_recording : bool
        Whether all clips of the query's recording are excluded, or the query alone.

    Returns
    -------
    ndarray of bool, shape (Q, N)
        True where the pair is excluded: `excluded` of `rank`.
    """
    mask = _equal_pairs(query_ids, gallery_ids)
    if same_recording:
        mask |= _equal_pairs(query_recordings, gallery_recordings)
    return mask


def check_no_leak(query_recordings: Labels, gallery_recordings: Labels) -> None:
    """Raise DataError if clips of one recording are both queries and gallery clips.

    Parameters
    ----------
    query_recordings, gallery_recordings : array_like
        Source recordings of the clips on either side.
    """
    shared = np.intersect1d(query_recordings, gallery_recordings)
    if shared.size:
        names = ", ".join(str(recording) for recording in shared[:10])
        more = f" and {shared.size - 10} more" if shared.size > 10 else ""
        raise DataError(
            f"recordings {names}{more} stand among both the queries and the gallery, which makes "
            "retrieval trivial; keep all clips of a recording in one fold"
        )


def relevance(query_categories: Labels, gallery_categories: Labels) -> Bool:
    """Return (Q, N) booleans: whether query and gallery clip are of the same category."""
    return _equal_pairs(query_categories, gallery_categories)


def _equal_pairs(queries: Labels, gallery: Labels) -> Bool:
    mask: Bool = np.equal.outer(np.asarray(queries), np.asarray(gallery))
    return mask
