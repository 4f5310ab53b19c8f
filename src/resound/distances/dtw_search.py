"""Exact search for the nearest gallery clips by DTW, without most cells of the full matrix.

The hits, their distances and their order are those of ranking `resound.distances.dtw.pairwise` with
the same options, to the last bit. Per query:

1. The straight path from the first to the last pair of frames costs at least the distance. The
   k-th smallest of these costs, or of the distances known so far, is the limit.
2. Boxes. Each frame of the query costs at least its distance to the box around the gallery clip,
   and each frame of the clip its distance to the box around the query. The larger one of the two
   sums is a bound: LB_Keogh both ways, with the box of the whole clip as envelope, which holds for
   every band. A clip is left out where it exceeds the limit.
3. Minima. Each frame costs at least its smallest distance to a frame of the other clip inside the
   band: the larger one of the sums of the row minima and of the column minima of the matrix of
   local costs. It takes a part of the work of a distance and leaves out clips that boxes do not.
4. The clips that are left are computed from the smallest bound on, in batches of SIMD lanes. A path
   that has come to cell (i, j) still passes the rows after i and the columns after j. Where its
   cost so far plus the minima of what is left exceeds the limit in all lanes, its cell counts no
   more: the rows begin and end with the cells that do, and with none left the batch is abandoned
   (Rakthanmanon et al., "Searching and mining trillions of time series subsequences under dynamic
   time warping", KDD 2012, section 4.2.3; Silva and Batista, "Speeding up all-pairwise dynamic
   time warping matrix calculation", SDM 2016, section 4).

The clips with the cheapest straight paths go through steps 3 and 4 first, so that most others meet
a limit next to the final one. Steps 2 and 3 work on the principal axes of the gallery, with the
norm of what the last of them hold in place of these: no two frames are nearer than that. A clip or
a cell is left out only if its bound exceeds the limit by more than rounding can explain, so that
all ties at the limit are computed, and ranked by id.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from resound.distances import _dtw_bound_kernels, _dtw_search_kernels
from resound.distances._clips import Array, as_clips, blocks, check_same_dims
from resound.distances._dtw_inputs import (
    as_frames,
    check_no_overflow,
    gallery_block,
    interleave,
    numba_threads,
    reach,
)
from resound.distances._dtw_points import Axes, as_points, principal_axes, rounding_of_squares
from resound.distances.dtw import DTYPES, LOCAL_COSTS
from resound.errors import check_choice, check_positive_int
from resound.registry import SEARCHES
from resound.retrieval.candidates import NO_HIT, allowed_pairs, nearest, order_of_ids

CLIPS_FOR_AXES = 16
QUERY_BLOCK = 256


@dataclass(frozen=True)
class SearchStats:
    """What a search left out and what it computed.

    Parameters
    ----------
    pairs : int
        Pairs that were not excluded: the sum of the next five.
    pruned_by_rows, pruned_by_columns : int
        Pairs left out because the box of the gallery clip, or else that of the query, is too far.
    pruned_by_minima : int
        Pairs left out by the minima of their local costs.
    abandoned : int
        Pairs whose computation was broken off.
    completed : int
        Pairs whose distance was computed.
    cells, full_cells : int
        Cells (i, j) of D computed, and cells inside the band of all pairs that were not excluded.
    """

    pairs: int
    pruned_by_rows: int
    pruned_by_columns: int
    pruned_by_minima: int
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
        Their distances, at least 0; infinity where there is no hit.
    stats : SearchStats
        What the search computed.
    """

    indices: npt.NDArray[np.intp]
    distances: npt.NDArray[np.floating[Any]]
    stats: SearchStats


@SEARCHES.register("dtw")
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
        Frames of the queries: finite real numbers, of any unit.
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

    Examples
    --------
    >>> query = np.array([[[0.0], [1.0], [5.0]]])
    >>> gallery = np.array([[[0.0], [1.0], [9.0]], [[0.0], [1.0], [5.0]], [[0.0], [1.0], [3.0]]])
    >>> found = top_k(query, gallery, k=2)
    >>> found.indices, found.distances
    (array([[1, 2]]), array([[0., 2.]], dtype=float32))
    """
    k = check_positive_int("k", k, "hits")
    check_choice("local_cost", local_cost, LOCAL_COSTS)
    check_choice("dtype", dtype, DTYPES)
    x, y = as_clips("queries", queries), as_clips("gallery", gallery)
    check_same_dims("queries", x, "gallery", y)
    band_reach = reach(x.shape[1], y.shape[1], band)
    by_id = order_of_ids(gallery_ids, len(y))
    allowed = allowed_pairs(excluded, (len(x), len(y)))
    indices = np.full((len(x), k), NO_HIT, np.intp)
    distances = np.full((len(x), k), np.inf, dtype)
    counts = np.zeros(_dtw_search_kernels.COUNTS, np.int64)
    with numba_threads(n_threads):
        for columns in blocks(len(y), gallery_block(y, dtype)):
            clips = as_frames("gallery", y, columns, local_cost, dtype)
            block = _Gallery.of(clips, dtype)
            for rows in blocks(len(x), QUERY_BLOCK):
                frames = as_frames("queries", x, rows, local_cost, dtype)
                mask = allowed[rows, columns]
                found = np.full(mask.shape, np.nan, dtype)
                root = local_cost == "euclidean"
                counts += block.search(found, distances[rows], frames, mask, band_reach, root)
                check_no_overflow(found[~np.isnan(found)], dtype)
                hits = indices[rows], distances[rows]
                indices[rows], distances[rows] = _merged(*hits, found, columns.start, by_id)
                if progress is not None and columns.stop == len(y):
                    progress(rows.stop)
    stats = _stats(int(allowed.sum()), counts, _cells_in_band(x.shape[1], y.shape[1], *band_reach))
    return TopK(indices, distances, stats)


@dataclass(frozen=True)
class _Gallery:
    """A block of gallery clips in the forms that the kernels read.

    Parameters
    ----------
    frames, frame_lanes : ndarray, shapes (N, m, d) and (B, m, d, LANES)
        The frames of the clips.
    points, corners, point_lanes, corner_lanes : ndarray
        Their points and corners, as `as_points` returns them and in lanes.
    axes : Axes
        Of the points.
    """

    frames: Array
    frame_lanes: Array
    points: Array
    corners: Array
    point_lanes: Array
    corner_lanes: Array
    axes: Axes

    @classmethod
    def of(cls, frames: Array, dtype: str) -> "_Gallery":
        axes = principal_axes(frames[:: max(1, len(frames) // CLIPS_FOR_AXES)])
        points, corners = as_points(frames, axes, dtype)
        corner_lanes = interleave(corners[:, np.newaxis])[:, 0]
        return cls(
            frames, interleave(frames), points, corners, interleave(points), corner_lanes, axes
        )

    def search(
        self,
        found: Array,
        nearest: Array,
        frames: Array,
        allowed: Array,
        band_reach: tuple[int, int],
        root: bool,
    ) -> Array:
        """Set the distances `found` (Q, N) that may count, and return the kernel's counts."""
        dtype = found.dtype.name
        queries = (frames, *as_points(frames, self.axes, dtype))
        precision = _precision(frames.shape[1] + self.frames.shape[1], self.axes, dtype)
        bounds = _dtw_bound_kernels.bound_by_boxes(
            *queries, self.frame_lanes, self.point_lanes, self.corner_lanes, precision, root
        )
        counts: Array = _dtw_search_kernels.search(
            found,
            nearest.copy(),
            bounds[:, :, : len(self.frames)],
            *queries,
            self.frames,
            self.points,
            self.corners,
            np.ascontiguousarray(allowed),
            precision,
            *band_reach,
            root,
        )
        total: Array = counts.sum(axis=0)
        return total


def _precision(steps: int, axes: Axes, dtype: str) -> Array:
    """Return by how much rounding may move a bound against a distance; see the kernels.

    A bound and a distance are each a sum of at most `steps` local costs, each one itself a sum of d
    terms: twice that many roundings.
    """
    terms = steps + len(axes.mean)
    return np.array([1 + 4 * terms * np.finfo(dtype).eps, *rounding_of_squares(axes, dtype)], dtype)


def _merged(
    indices: Array, distances: Array, found: Array, first: int, by_id: Array
) -> tuple[Array, Array]:
    """Return the hits (Q, k) when those `found` (Q, N) in clips from `first` on come to them.

    Where `found` is NaN there is nothing. Equally near clips stand as in `by_id`.
    """
    new = np.where(np.isnan(found), NO_HIT, first + np.arange(found.shape[1]))
    clips = np.concatenate([indices, new], axis=1)
    values = np.concatenate([distances, np.where(np.isnan(found), np.inf, found)], axis=1)
    return nearest(clips, values, by_id, indices.shape[1])


def _stats(pairs: int, counts: Array, cells_of_a_pair: int) -> SearchStats:
    by_rows, by_columns, by_minima, abandoned, completed, cells = (int(count) for count in counts)
    return SearchStats(
        pairs=pairs,
        pruned_by_rows=by_rows,
        pruned_by_columns=by_columns,
        pruned_by_minima=by_minima,
        abandoned=abandoned,
        completed=completed,
        cells=cells,
        full_cells=pairs * cells_of_a_pair,
    )


def _cells_in_band(n: int, m: int, reach_down: int, reach_up: int) -> int:
    rows = np.arange(n)
    stop, start = np.minimum(m, rows + reach_up + 1), np.maximum(0, rows - reach_down)
    return int((stop - start).sum())
