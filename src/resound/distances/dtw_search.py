"""Exact search for the nearest gallery clips by DTW, without most cells of the full matrix.

The hits, their distances and their order are those of ranking `resound.distances.dtw.pairwise` with
the same options, to the last bit. Per query, the clips are visited from the smallest lower bound of
their distance on, in batches of SIMD lanes, and the k-th smallest distance so far is the threshold:

1. Boxes. Each frame of the query costs at least its distance to the box around the gallery clip,
   and each frame of the clip its distance to the box around the query. The larger one of the two
   sums is the bound: LB_Keogh both ways, with the box of the whole clip as envelope, which holds
   for every band. The search ends where it exceeds the threshold.
2. Early abandoning. A path that has come to cell (i, j) still passes the rows after i and the
   columns after j. When the cost so far plus the bound of what is left exceeds the threshold in
   all columns and lanes, the batch is left (Rakthanmanon et al., "Searching and mining trillions of
   time series subsequences under dynamic time warping", KDD 2012, section 4.2.3).

A clip is left out only if its bound exceeds the threshold by more than rounding can explain, so
that all ties at the threshold are computed, and ranked by id.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from resound.distances import _dtw_search_kernels
from resound.distances._clips import Array, as_clips, blocks, check_same_dims
from resound.distances._dtw_inputs import (
    as_points,
    check_no_overflow,
    gallery_block,
    interleave,
    numba_threads,
    reach,
)
from resound.distances.dtw import DTYPES, LOCAL_COSTS, QUERY_BLOCK
from resound.errors import ParameterError, check_choice, check_positive_int

NO_HIT = -1


@dataclass(frozen=True)
class SearchStats:
    """What a search left out and what it computed.

    Parameters
    ----------
    pairs : int
        Pairs that were not excluded: the sum of the next four.
    pruned_by_rows, pruned_by_columns : int
        Pairs left out because the box of the gallery clip, or else that of the query, is too far.
    abandoned : int
        Pairs whose computation was broken off.
    completed : int
        Pairs whose distance was computed.
    cells, full_cells : int
        Cells computed, and cells inside the band of all pairs that were not excluded.
    """

    pairs: int
    pruned_by_rows: int
    pruned_by_columns: int
    abandoned: int
    completed: int
    cells: int
    full_cells: int


@dataclass(frozen=True)
class TopK:
    """The nearest gallery clips of each query.

    Parameters
    ----------
    indices : ndarray of int, shape (Q, k)
        Positions in the gallery, by (distance, id); -1 where a query has no more candidates.
    distances : ndarray, shape (Q, k)
        Their distances; infinity where there is no hit.
    stats : SearchStats
        What the search computed.
    """

    indices: npt.NDArray[np.intp]
    distances: npt.NDArray[np.floating[Any]]
    stats: SearchStats


def top_k(
    queries: npt.ArrayLike,
    gallery: npt.ArrayLike,
    k: int,
    *,
    local_cost: str = "euclidean",
    band: float | None = None,
    dtype: str = "float32",
    gallery_ids: npt.ArrayLike | None = None,
    excluded: npt.ArrayLike | None = None,
    n_threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> TopK:
    """Return the `k` gallery clips nearest to each query; see the module.

    Parameters
    ----------
    queries : array_like, shape (Q, n, d)
        Frames of the queries.
    gallery : array_like, shape (N, m, d)
        Frames of the gallery clips. A memory map is read in blocks and never held as a whole.
    k : int
        Length of the lists; it may exceed N.
    local_cost, band, dtype, n_threads, progress
        As in `resound.distances.dtw.pairwise`.
    gallery_ids : array_like of str, shape (N,), optional
        Ids of the gallery clips, by which equal distances are ordered; by default the position.
    excluded : array_like of bool, shape (Q, N), optional
        Pairs that must not be listed; nothing is computed for them.

    Returns
    -------
    TopK
        The hits, and what it took to find them.

    Raises
    ------
    ParameterError
        As `resound.distances.dtw.pairwise`; if `k` is not a positive integer, an id stands twice,
        or the shapes of `gallery_ids` or `excluded` do not fit.
    """
    k = check_positive_int("k", k, "hits")
    check_choice("local_cost", local_cost, LOCAL_COSTS)
    check_choice("dtype", dtype, DTYPES)
    x, y = as_clips("queries", queries), as_clips("gallery", gallery)
    check_same_dims("queries", x, "gallery", y)
    band_reach = reach(x.shape[1], y.shape[1], band)
    by_id = _order_of_ids(gallery_ids, len(y))
    allowed = _allowed(excluded, (len(x), len(y)))
    indices = np.full((len(x), k), NO_HIT, np.intp)
    distances = np.full((len(x), k), np.inf, dtype)
    counts = np.zeros(5, np.int64)
    with numba_threads(n_threads):
        for rows in blocks(len(x), QUERY_BLOCK):
            frames = as_points("queries", x, rows, local_cost, dtype)
            found, counted = _search_block(
                frames, y, k, allowed[rows], local_cost, dtype, band_reach
            )
            check_no_overflow(found[~np.isnan(found)], dtype)
            indices[rows], distances[rows] = _nearest(found, by_id, k)
            counts += counted
            if progress is not None:
                progress(rows.stop)
    stats = _stats(allowed, counts, _cells_in_band(x.shape[1], y.shape[1], *band_reach))
    return TopK(indices, distances, stats)


def _search_block(
    frames: Array,
    gallery: Array,
    k: int,
    allowed: Array,
    local_cost: str,
    dtype: str,
    band_reach: tuple[int, int],
) -> tuple[Array, Array]:
    """Return distances (Q, N), NaN where left out, and the kernel's counts over all pairs."""
    found = np.full(allowed.shape, np.nan, dtype)
    nearest = np.full((len(frames), k), np.inf, dtype)
    counts = np.zeros(5, np.int64)
    # A bound and a distance are each a sum of at most n + m terms: twice that many roundings.
    terms = frames.shape[1] + gallery.shape[1] + frames.shape[2]
    slack = found.dtype.type(1 + 4 * terms * np.finfo(dtype).eps)
    for columns in blocks(len(gallery), gallery_block(gallery, dtype)):
        clips = as_points("gallery", gallery, columns, local_cost, dtype)
        part = np.ascontiguousarray(found[:, columns])
        counts += _dtw_search_kernels.search(
            part,
            nearest,
            frames,
            clips,
            interleave(clips),
            np.ascontiguousarray(allowed[:, columns]),
            slack,
            *band_reach,
            local_cost == "euclidean",
        ).sum(axis=0)
        found[:, columns] = part
    return found, counts


def _nearest(found: Array, by_id: Array, k: int) -> tuple[Array, Array]:
    """Return positions and distances of the `k` smallest of `found` (Q, N), NaN aside."""
    indices = np.full((len(found), k), NO_HIT, np.intp)
    distances = np.full((len(found), k), np.inf, found.dtype)
    order = by_id[np.argsort(found[:, by_id], axis=1, kind="stable")[:, :k]]
    values = np.take_along_axis(found, order, axis=1)
    hit = ~np.isnan(values)
    indices[:, : order.shape[1]] = np.where(hit, order, NO_HIT)
    distances[:, : order.shape[1]] = np.where(hit, values, np.inf)
    return indices, distances


def _order_of_ids(gallery_ids: npt.ArrayLike | None, n_gallery: int) -> npt.NDArray[np.intp]:
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


def _allowed(excluded: npt.ArrayLike | None, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    if excluded is None:
        return np.ones(shape, dtype=bool)
    mask = np.asarray(excluded)
    if mask.shape != shape or mask.dtype != bool:
        raise ParameterError(
            f"excluded of shape {mask.shape} and type {mask.dtype} must be booleans of shape "
            f"{shape}: (queries, gallery clips)"
        )
    return ~mask


def _stats(allowed: Array, counts: Array, cells_of_a_pair: int) -> SearchStats:
    pairs = int(allowed.sum())
    by_rows, by_columns, abandoned, completed, cells = (int(count) for count in counts)
    return SearchStats(
        pairs=pairs,
        pruned_by_rows=by_rows,
        pruned_by_columns=by_columns,
        abandoned=abandoned,
        completed=completed,
        cells=cells,
        full_cells=pairs * cells_of_a_pair,
    )


def _cells_in_band(n: int, m: int, reach_down: int, reach_up: int) -> int:
    rows = np.arange(n)
    stop, start = np.minimum(m, rows + reach_up + 1), np.maximum(0, rows - reach_down)
    return int((stop - start).sum())
