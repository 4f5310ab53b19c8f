"""Ranking: from distances to ordered lists of gallery clips, and which clips they may hold."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from resound.errors import DataError, ParameterError, check_positive_int
from resound.retrieval.candidates import NO_HIT, allowed_pairs, nearest, order_of_ids

Bool = npt.NDArray[np.bool_]
Int = npt.NDArray[np.intp]
Float = npt.NDArray[np.floating[Any]]
Labels = npt.ArrayLike
Lists = tuple[npt.ArrayLike, npt.ArrayLike]


def rank(
    distances: npt.ArrayLike,
    gallery_ids: Labels,
    *,
    k: int,
    excluded: npt.ArrayLike | None = None,
) -> tuple[Int, Float]:
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

    Examples
    --------
    Equal distances stand in the order of the ids:

    >>> positions, scores = rank([[0.5, 0.5, 0.1]], ["dog", "cat", "rain"], k=3)
    >>> positions, scores
    (array([[2, 1, 0]]), array([[0.1, 0.5, 0.5]]))
    """
    k = check_positive_int("k", k, "hits")
    d = _checked_distances(distances)
    by_id = order_of_ids(gallery_ids, d.shape[1])
    allowed = allowed_pairs(excluded, d.shape)[:, by_id]
    d = d[:, by_id]
    # Excluded pairs sort last even among infinite distances: the mask is the primary key.
    order = np.lexsort((d, ~allowed), axis=-1)[:, :k]
    hit = np.take_along_axis(allowed, order, axis=1)
    positions = np.where(hit, by_id[order], NO_HIT)
    scores = np.where(hit, np.take_along_axis(d, order, axis=1), d.dtype.type(np.inf))
    return _padded(positions, k, NO_HIT), _padded(scores, k, np.inf)


def merge(parts: Sequence[Lists], gallery_ids: Labels, *, k: int) -> tuple[Int, Float]:
    """Return the `k` nearest of lists that were ranked over parts of one gallery.

    Where each list holds the `k` nearest clips of its part, the result is that of `rank` over the
    whole gallery, ties included: what is among the k nearest of all is among those of its part.
    It does not depend on the number of parts nor on their order, so that lists may be merged as
    they come.

    Parameters
    ----------
    parts : sequence of (positions, scores), each of shape (Q, K)
        Lists as `rank` returns them, with positions in the whole gallery; K may differ.
    gallery_ids : array_like of str, shape (N,)
        Ids of all gallery clips, each one once.
    k : int
        Length of the merged lists.

    Returns
    -------
    positions, scores : ndarray, shape (Q, k)
        As `rank` returns them.

    Raises
    ------
    ParameterError
        If a score is NaN, a position is outside the gallery or stands twice in the lists of a
        query, or the shapes do not fit together.

    Examples
    --------
    >>> parts = [([[0]], [[0.3]]), ([[2, 1]], [[0.1, 0.4]])]
    >>> merge(parts, ["a", "b", "c"], k=2)
    (array([[2, 0]]), array([[0.1, 0.3]]))
    """
    k = check_positive_int("k", k, "hits")
    ids = np.asarray(gallery_ids)
    positions, scores = _side_by_side(parts, len(ids))
    hits, distances = nearest(positions, scores, order_of_ids(ids, len(ids)), k)
    return _padded(hits, k, NO_HIT), _padded(distances, k, np.inf)


def _padded(lists: npt.NDArray[Any], k: int, filling: float) -> npt.NDArray[Any]:
    """Return lists (Q, at most k) as lists (Q, k)."""
    return np.pad(lists, ((0, 0), (0, k - lists.shape[1])), constant_values=filling)


def _side_by_side(parts: Sequence[Lists], n_gallery: int) -> tuple[Int, Float]:
    """Return all positions and all scores of each query, after checking that they can be merged."""
    lists = [(np.asarray(positions), np.asarray(scores)) for positions, scores in parts]
    shapes = [(positions.shape, scores.shape) for positions, scores in lists]
    if any(len(p) != 2 or p != s for p, s in shapes) or len({p[0] for p, _ in shapes}) != 1:
        raise ParameterError(
            f"parts with positions and scores of shapes {shapes} must be lists (queries, hits) of "
            "the same queries; rank each part of the gallery for all of them"
        )
    positions, scores = (np.concatenate(side, axis=1) for side in zip(*lists, strict=True))
    if np.isnan(scores).any():
        raise ParameterError("a score is NaN and has no rank; validate the features of its clips")
    _check_positions(np.sort(positions, axis=1), n_gallery)
    return positions, scores


def _check_positions(listed: Int, n_gallery: int) -> None:
    """Raise ParameterError unless ascending positions (Q, K) are each of one gallery clip."""
    outside = (listed < NO_HIT) | (listed >= n_gallery)
    if outside.any():
        raise ParameterError(
            f"position {listed[outside][0]} is not in the gallery of {n_gallery} clips; "
            f"count positions in the whole gallery, {NO_HIT} for no hit"
        )
    twice = (listed[:, 1:] == listed[:, :-1]) & (listed[:, 1:] != NO_HIT)
    if twice.any():
        query, hit = np.argwhere(twice)[0]
        raise ParameterError(
            f"gallery clip {listed[query, hit]} stands twice in the lists of query {query}; "
            "rank parts of the gallery that do not overlap"
        )


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

    Examples
    --------
    >>> tie_share([[0.1, 0.2, 0.2, 0.3]])
    array([0.5])
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
    query_ids, query_recordings : array_like of str, shape (Q,)
        Clip ids of the queries and the source recordings they were cut from.
    gallery_ids, gallery_recordings : array_like of str, shape (N,)
        The same of the gallery.
    same_recording : bool
        Whether all clips of the query's recording are excluded, or the query alone.

    Returns
    -------
    ndarray of bool, shape (Q, N)
        True where the pair is excluded: `excluded` of `rank`.

    Examples
    --------
    >>> exclusion_mask(["a"], ["a", "b", "c"], ["r1"], ["r1", "r1", "r2"], same_recording=True)
    array([[ True,  True, False]])
    """
    mask = _equal_pairs(query_ids, gallery_ids)
    if same_recording:
        mask |= _equal_pairs(query_recordings, gallery_recordings)
    return mask


def check_no_leak(query_recordings: Labels, gallery_recordings: Labels) -> None:
    """Raise DataError if clips of one recording are both queries and gallery clips.

    Parameters
    ----------
    query_recordings, gallery_recordings : array_like of str, shapes (Q,) and (N,)
        Source recordings of the clips on either side.

    Raises
    ------
    DataError
        If a recording stands on both sides.
    """
    shared = np.intersect1d(query_recordings, gallery_recordings)
    if shared.size:
        names = ", ".join(str(recording) for recording in shared[:10])
        more = f" and {shared.size - 10} more" if shared.size > 10 else ""
        raise DataError(
            f"recordings {names}{more} are in both the queries and the gallery, which makes "
            "retrieval trivial; keep all clips of a recording in one fold"
        )


def relevance(query_categories: Labels, gallery_categories: Labels) -> Bool:
    """Return whether query and gallery clip are of the same category.

    Parameters
    ----------
    query_categories, gallery_categories : array_like of str, shapes (Q,) and (N,)
        Categories of the clips.

    Returns
    -------
    ndarray of bool, shape (Q, N)

    Examples
    --------
    >>> relevance(["dog"], ["dog", "rain"])
    array([[ True, False]])
    """
    return _equal_pairs(query_categories, gallery_categories)


def _equal_pairs(queries: Labels, gallery: Labels) -> Bool:
    mask: Bool = np.equal.outer(np.asarray(queries), np.asarray(gallery))
    return mask
