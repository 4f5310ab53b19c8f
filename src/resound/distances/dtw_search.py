"""Exact search for the nearest gallery clips by DTW, without most cells of the full matrix.

The hits, their distances and their order are those of ranking `resound.distances.dtw.pairwise` with
the same options, to the last bit. Per query, coarse to fine:

1. Boxes of eight frames. Coarse DTW over the boxes around segments of s frames costs at least the
   s-th part of the distance (`resound.distances._dtw_coarse_kernels` says why). The clips are
   visited by ascending bounds of s = 8, which have a 64th of the cells. The k-th smallest distance
   so far is the limit, and the first bound above it ends the search.
2. Boxes of four and of two frames. A batch of clips is bound with s = 4. Of the first batches those
   nearest by that bound are computed, until there are k distances. Those that are left, by
   ascending bounds, are bound with s = 2. A clip is left out where a bound exceeds the limit.
3. A clip that is left is computed by antidiagonals. The coarse DTW of step 2 began at the last
   frames, so that its cells are what a path still costs at least from there on. Cells at both ends
   of an antidiagonal count no more where their cost so far plus that rest exceeds the limit, and
   with none left the clip is abandoned (compare Rakthanmanon et al., "Searching and mining
   trillions of time series subsequences under dynamic time warping", KDD 2012, section 4.2.3;
   Silva and Batista, "Speeding up all-pairwise dynamic time warping matrix calculation", SDM 2016,
   section 4). Each pair has a corridor of its own.

Boxes are made on the principal axes of the gallery, with the norm of what the last of them hold in
place of these: no two frames are nearer than that. A clip or a cell is left out only if its bound
exceeds the limit by more than rounding can explain, so that all ties at the limit are computed, and
ranked by id. Clips of fewer than eight frames are all computed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from resound.compiled.lanes import LANES
from resound.distances import _dtw_search_kernels
from resound.distances._clips import Array, as_clips, blocks, check_same_dims
from resound.distances._dtw_coarse_kernels import coarse_distances, coarser
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
# Segments of two, four and eight frames.
HALVINGS = 3


@dataclass(frozen=True)
class SearchStats:
    """What a search left out and what it computed.

    Parameters
    ----------
    pairs : int
        Pairs that were not excluded: the sum of the next five.
    pruned_by_8, pruned_by_4, pruned_by_2 : int
        Pairs left out by coarse DTW over boxes of so many frames.
    abandoned : int
        Pairs whose computation was broken off.
    completed : int
        Pairs whose distance was computed.
    cells, full_cells : int
        Cells (i, j) of D computed, and cells inside the band of all pairs that were not excluded.
    """

    pairs: int
    pruned_by_8: int
    pruned_by_4: int
    pruned_by_2: int
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
            block = _Gallery.of(clips)
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
class _Forms:
    """Clips in the forms that the kernels read.

    Parameters
    ----------
    frames : ndarray, shape (N, frames, d)
        The frames.
    series : ndarray, shape (N, d, frames + LANES)
        The same numbers, zeros behind them.
    boxes_of_2, boxes_of_4, boxes_of_8 : ndarray, shape (N, segments, 2 p)
        Boxes around the points of so many frames; those of two from the last one to the first.
    halves : ndarray, shape (N,)
        The largest half of a squared norm of a clip's points.
    """

    frames: Array
    series: Array
    boxes_of_2: Array
    boxes_of_4: Array
    boxes_of_8: Array
    halves: Array

    @classmethod
    def of(cls, frames: Array, axes: Axes, *, from_the_end: bool) -> "_Forms":
        """Return the forms; `from_the_end` is the order of the series."""
        points, corners = as_points(frames, axes, frames.dtype.name)
        boxes = [np.concatenate([points[..., :-1]] * 2, axis=-1)]
        for _ in range(HALVINGS):
            boxes.append(_halved(boxes[-1]))
        series = np.zeros((len(frames), frames.shape[2], frames.shape[1] + LANES), frames.dtype)
        ordered = frames[:, ::-1] if from_the_end else frames
        series[..., : frames.shape[1]] = np.moveaxis(ordered, 1, 2)
        boxes_of_2, halves = boxes[1][:, ::-1], corners[:, -1]
        return cls(
            frames,
            series,
            np.ascontiguousarray(boxes_of_2),
            boxes[2],
            boxes[3],
            np.ascontiguousarray(halves),
        )

    def of_the_search(self) -> tuple[Array, ...]:
        """Return those that the search is given, in its order."""
        return self.frames, self.series, self.boxes_of_2, self.boxes_of_4, self.halves


def _halved(boxes: Array) -> Array:
    """Return the boxes (N, segments, 2 p) around each two of them, the last one perhaps three."""
    n, p = boxes.shape[1], boxes.shape[2] // 2
    ends = boxes[:, 0 : max(1, n - 1) : 2], boxes[:, min(1, n - 1) :: 2]
    halved = np.concatenate(
        [np.minimum(*(end[..., :p] for end in ends)), np.maximum(*(end[..., p:] for end in ends))],
        axis=-1,
    )
    if n % 2:
        np.minimum(halved[:, -1, :p], boxes[:, -1, :p], out=halved[:, -1, :p])
        np.maximum(halved[:, -1, p:], boxes[:, -1, p:], out=halved[:, -1, p:])
    return halved


@dataclass(frozen=True)
class _Gallery:
    """A block of gallery clips.

    Parameters
    ----------
    forms : _Forms
        Of the clips, their series from the end.
    lanes, half_lanes : ndarray, shapes (B, segments, 2 p, LANES) and (B, LANES)
        Their boxes of eight frames, and the halves.
    axes : Axes
        Of the points.
    """

    forms: _Forms
    lanes: Array
    half_lanes: Array
    axes: Axes

    @classmethod
    def of(cls, frames: Array) -> "_Gallery":
        axes = principal_axes(frames[:: max(1, len(frames) // CLIPS_FOR_AXES)])
        forms = _Forms.of(frames, axes, from_the_end=True)
        halves = interleave(forms.halves[:, np.newaxis, np.newaxis])[:, 0, 0]
        return cls(forms, interleave(forms.boxes_of_8), halves, axes)

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
        queries = _Forms.of(frames, self.axes, from_the_end=False)
        n, m = frames.shape[1], self.forms.frames.shape[1]
        precision = _precision(n + m, self.axes, found.dtype.name)
        coarse = max(n, m) >= 2**HALVINGS
        bounds = np.zeros(found.shape, found.dtype)
        if coarse:
            bounds = self._bounds_by_8(queries, precision, band_reach, root)
        counts: Array = _dtw_search_kernels.search(
            found,
            nearest.copy(),
            bounds,
            *queries.of_the_search(),
            *self.forms.of_the_search(),
            np.ascontiguousarray(allowed),
            precision,
            *band_reach,
            root,
            coarse,
        )
        total: Array = counts.sum(axis=0)
        return total

    def _bounds_by_8(
        self, queries: _Forms, precision: Array, band_reach: tuple[int, int], root: bool
    ) -> Array:
        """Return bounds (Q, N) of the distances from below."""
        for _ in range(HALVINGS):
            band_reach = coarser(band_reach[0]), coarser(band_reach[1])
        costs: Array = coarse_distances(
            *(queries.boxes_of_8, queries.halves, self.lanes, self.half_lanes, precision),
            *band_reach,
            root,
        )
        bounds: Array = costs[:, : len(self.forms.halves)] * precision.dtype.type(2**HALVINGS)
        return bounds


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
    by_8, by_4, by_2, abandoned, completed, cells = (int(count) for count in counts)
    return SearchStats(
        pairs=pairs,
        pruned_by_8=by_8,
        pruned_by_4=by_4,
        pruned_by_2=by_2,
        abandoned=abandoned,
        completed=completed,
        cells=cells,
        full_cells=pairs * cells_of_a_pair,
    )


def _cells_in_band(n: int, m: int, reach_down: int, reach_up: int) -> int:
    rows = np.arange(n)
    stop, start = np.minimum(m, rows + reach_up + 1), np.maximum(0, rows - reach_down)
    return int((stop - start).sum())
