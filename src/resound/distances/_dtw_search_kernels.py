"""Compiled search for nearest clips; `resound.distances.dtw_search` says what it finds and how.

The lanes, and the cells that are computed, are those of `resound.distances._dtw_kernels`: a
distance that is computed to the end has the same bits.
"""

# mypy: disallow-untyped-decorators=False

from typing import Any, NamedTuple

import numba
import numpy as np

from resound.compiled.cache import kernel
from resound.compiled.lanes import (
    LANES,
    add,
    all_above,
    fill,
    gather_transposed,
    load,
    maximum,
    minimum,
    store,
)
from resound.distances._clips import Array
from resound.distances._dtw_bound_kernels import set_minima_rests
from resound.distances._dtw_kernels import ROWS, advance_columns, last_row

# Columns between two looks at whether the rows can be left.
COLUMNS = 4

# What is counted for each query.
BY_ROWS, BY_COLUMNS, BY_MINIMA, ABANDONED, COMPLETED, CELLS, COUNTS = range(7)

_SIGNATURES = [
    f"int64[:,::1]({real}[:,::1], {real}[:,::1], {real}[:,:,:], {real}[:,:,::1], {real}[:,:,::1], "
    f"{real}[:,::1], {real}[:,:,::1], {real}[:,:,::1], {real}[:,::1], boolean[:,::1], {real}[::1], "
    "int64, int64, boolean)"
    for real in ("float32", "float64")
]


class _Rules(NamedTuple):
    """What a path may be and costs, and what may be lost to rounding."""

    reach_down: int
    reach_up: int
    root: bool
    slack: Any  # how many times a bound may exceed a distance that it should not exceed
    rounding: tuple[Any, Any]  # of squared distances of points


class _Query(NamedTuple):
    """A query: frames (n, d), points (n, p + 1), corners (2 p + 1,)."""

    frames: Array
    points: Array
    corners: Array


class _Gallery(NamedTuple):
    """Clips: frames (N, m, d), points (N, m, p + 1), corners (N, 2 p + 1)."""

    frames: Array
    points: Array
    corners: Array


class _Batch(NamedTuple):
    """Clips in lanes, and what is known of their pairs with one query; room for all queries."""

    frames: Array  # (m, d, LANES)
    points: Array  # (m, p + 1, LANES)
    corners: Array  # (2 p + 1, LANES)
    rests: tuple[Array, Array]  # (n + 1) * LANES of the rows, (m + 1) * LANES of the columns
    totals: Array  # (m + 1) * LANES


@numba.njit(error_model="numpy", inline="always")
def _rest(row_rests: Array, column_rests: Array, row: int, column: int) -> Any:
    """Return what a path still costs that passes all rows and columns from these on."""
    return maximum(load(row_rests, row * LANES), load(column_rests, column * LANES))


@numba.njit(error_model="numpy", inline="always")
def _advance_living(
    x: Array, batch: _Batch, first: int, living: tuple[int, int], limit: Any, rules: _Rules
) -> Any:
    """Take the totals through `ROWS` rows from `first` on; return from where to where.

    `living` are the first and the last column from which a path of one lane or more may still end
    at `limit` or below. A path goes right and down, so the rows begin at the first one. Right of
    the last one paths only come along the rows, which end where none of them may.
    """
    totals, rests = batch.totals, batch.rests
    reach_down, reach_up, root = rules.reach_down, rules.reach_up, rules.root
    rows = min(ROWS, len(x) - first)
    low = max(0, first - reach_down, living[0])
    high = min(len(totals) // LANES - 1, first + rows + reach_up)
    outside = fill(x.dtype.type(np.inf))
    diagonal = outside if 0 <= living[0] == low else load(totals, low * LANES)
    cells = (diagonal, outside, outside, outside, outside)
    begin, end = low, min(high, living[1] + 2)
    while True:
        cells = advance_columns(
            totals, x, batch.frames, first, (begin, end), cells, reach_down, reach_up, root
        )
        if end == high:
            store(totals, high * LANES, last_row(cells, rows))
            break
        lowest = minimum(minimum(cells[1], cells[2]), minimum(cells[3], cells[4]))
        rest = _rest(rests[0], rests[1], first + rows, end)
        if all_above(add(lowest, rest), fill(limit)):
            break
        begin, end = end, min(high, end + COLUMNS)
    return low, end


@numba.njit(error_model="numpy", inline="always")
def _living(
    totals: Array, rests: tuple[Array, Array], row: int, columns: tuple[int, int], limit: Any
) -> tuple[int, int]:
    """Return the first and last of `columns` whose cell above `row` may be on a path to `limit`.

    Such a path still passes all rows from `row` and all columns from the next one on. Cells of
    earlier rows, left of the band, are only lower.
    """
    begin, end = columns[1], columns[0] - 1
    for j in range(columns[0], columns[1]):
        least = add(load(totals, (j + 1) * LANES), _rest(rests[0], rests[1], row, j + 1))
        if not all_above(least, fill(limit)):
            begin, end = min(begin, j), j
    return begin, end


@numba.njit(error_model="numpy")
def _run(x: Array, batch: _Batch, limit: Any, rules: _Rules) -> int:
    """Set the last total of each lane, and return the cells of a lane that were computed.

    That total is the distance of the lane's pair if it is at most `limit`, and more if not.
    """
    n, m, totals = len(x), len(batch.frames), batch.totals
    totals[:] = np.inf
    totals[:LANES] = 0.0
    living, reached, cells = (-1, -1), 0, 0
    for first in range(0, n, ROWS):
        low, high = _advance_living(x, batch, first, living, limit, rules)
        totals[:LANES] = np.inf
        totals[(high + 1) * LANES : (reached + 1) * LANES] = np.inf
        reached = high
        for i in range(first, min(n, first + ROWS)):
            begin, end = max(low, i - rules.reach_down), min(high, i + rules.reach_up + 1)
            cells += max(0, end - begin)
        if first + ROWS < n:
            living = _living(totals, batch.rests, first + ROWS, (low, high), limit)
            if living[1] < low:
                totals[m * LANES :] = np.inf
                break
    return cells


@numba.njit(error_model="numpy")
def _insert(nearest: Array, distance: Any) -> None:
    """Put `distance` among the ascending `nearest`, whose largest falls out."""
    place = len(nearest)
    while place > 0 and distance < nearest[place - 1]:
        if place < len(nearest):
            nearest[place] = nearest[place - 1]
        place -= 1
    if place < len(nearest):
        nearest[place] = distance


@numba.njit(error_model="numpy")
def _kth_smallest(nearest: Array, more: Array) -> Any:
    """Return the largest of the len(nearest) smallest numbers among `nearest` and `more`."""
    smallest = nearest.copy()
    for value in more:
        _insert(smallest, value)
    return smallest[-1]


@numba.njit(error_model="numpy")
def _gather(lanes: Array, rows: Array, chosen: Array, offset: int, length: int) -> None:
    """Put `length` numbers from `offset` on of the `chosen` of `rows` (N, ...) into `lanes`.

    Lanes beyond the chosen ones repeat the last one.
    """
    stride, last = rows[0].size, len(chosen) - 1
    flat = rows.reshape(rows.size)
    starts = np.empty(LANES, np.int64)
    for lane in range(LANES):
        starts[lane] = chosen[min(lane, last)] * stride + offset
    whole = length // LANES * LANES
    for i in range(0, whole, LANES):
        gather_transposed(lanes, i * LANES, flat, starts, i)
    rest = lanes.reshape(lanes.size)
    for i in range(whole, length):
        for lane in range(LANES):
            rest[i * LANES + lane] = flat[starts[lane] + i]


@numba.njit(error_model="numpy")
def _gather_clips(lanes: Array, clips: Array, chosen: Array) -> None:
    """Put the `chosen` of `clips` (N, ...) into `lanes` (..., LANES)."""
    _gather(lanes, clips, chosen, 0, clips[0].size)


@numba.njit(error_model="numpy")
def _bound_by_minima(
    bounds: Array,
    order: Array,
    limit: Any,
    query: _Query,
    gallery: _Gallery,
    batch: _Batch,
    rules: _Rules,
) -> tuple[Array, Array]:
    """Raise the `bounds` of the clips in `order`; return those not above `limit`, and their rests.

    The rests (clips, n + 1 + m + 1) are those of the rows, then those of the columns.
    """
    rows, columns = batch.rests
    n_rows, n_columns = len(rows) // LANES, len(columns) // LANES
    rests = np.empty((len(order), n_rows + n_columns), rows.dtype)
    passed, n_passed = np.empty(len(order), np.int64), 0
    for start in range(0, len(order), LANES):
        clips = order[start : start + LANES]
        _gather_clips(batch.points, gallery.points, clips)
        _gather_clips(batch.corners, gallery.corners, clips)
        if not set_minima_rests(
            rows,
            columns,
            query.points,
            query.corners,
            batch.points,
            batch.corners,
            limit,
            rules.rounding,
            rules.reach_down,
            rules.reach_up,
            rules.root,
        ):
            continue
        for lane in range(len(clips)):
            bounds[clips[lane]] = max(rows[lane], columns[lane])
            if bounds[clips[lane]] <= limit:
                rests[n_passed, :n_rows] = rows[lane::LANES]
                rests[n_passed, n_rows:] = columns[lane::LANES]
                passed[n_passed] = clips[lane]
                n_passed += 1
    return passed[:n_passed], rests[:n_passed]


@numba.njit(error_model="numpy")
def _measure(
    distances: Array,
    nearest: Array,
    counts: Array,
    order: Array,
    bounds: Array,
    limit: Any,
    query: _Query,
    gallery: _Gallery,
    batch: _Batch,
    rules: _Rules,
) -> Any:
    """Set the distances of those clips in `order` that can be at most `limit`; return the new one.

    They are visited by ascending bounds, and each k-th smallest distance so far lowers the limit.
    """
    clips, rests = _bound_by_minima(bounds, order, limit, query, gallery, batch, rules)
    n_rows = len(batch.rests[0]) // LANES
    places = np.argsort(bounds[clips])
    done = 0
    while done < len(places) and bounds[clips[places[done]]] <= limit:
        chosen = places[done : done + LANES]
        chosen = chosen[bounds[clips[chosen]] <= limit]
        _gather_clips(batch.frames, gallery.frames, clips[chosen])
        _gather(batch.rests[0], rests, chosen, 0, n_rows)
        _gather(batch.rests[1], rests, chosen, n_rows, rests.shape[1] - n_rows)
        counts[CELLS] += len(chosen) * _run(query.frames, batch, limit, rules)
        for lane in range(len(chosen)):
            total = batch.totals[len(batch.totals) - LANES + lane]
            if total <= limit:
                distances[clips[chosen[lane]]] = total
                _insert(nearest, total)
            counts[COMPLETED if total <= limit else ABANDONED] += 1
        limit = min(limit, nearest[-1] * rules.slack)
        done += len(chosen)
    counts[BY_MINIMA] += len(order) - done
    return limit


@numba.njit(error_model="numpy")
def _search_one(
    distances: Array,
    nearest: Array,
    counts: Array,
    bounds_by_boxes: tuple[Array, Array, Array],
    query: _Query,
    gallery: _Gallery,
    allowed: Array,
    batch: _Batch,
    rules: _Rules,
) -> None:
    """Search the gallery for one query; see `search`."""
    by_rows, by_columns, straight = bounds_by_boxes
    bounds = np.maximum(by_rows, by_columns)
    order = np.flatnonzero(allowed)
    order = order[np.argsort(straight[order])]
    seed = _kth_smallest(nearest, straight[order])
    limit = seed * rules.slack
    n_first = -(-np.count_nonzero(straight[order] <= seed) // LANES) * LANES
    for part in (order[:n_first], order[n_first:]):
        within = bounds[part] <= limit
        for clip in part[~within]:
            counts[BY_ROWS if by_rows[clip] > limit else BY_COLUMNS] += 1
        chosen = part[within]
        chosen = chosen[np.argsort(bounds[chosen])]
        limit = _measure(
            distances, nearest, counts, chosen, bounds, limit, query, gallery, batch, rules
        )


@numba.njit(error_model="numpy")
def _empty_batch(n: int, gallery: _Gallery) -> _Batch:
    _, m, n_dims = gallery.frames.shape
    real = gallery.frames.dtype
    return _Batch(
        np.empty((m, n_dims, LANES), real),
        np.empty((m, gallery.points.shape[2], LANES), real),
        np.empty((gallery.corners.shape[1], LANES), real),
        (np.empty((n + 1) * LANES, real), np.empty((m + 1) * LANES, real)),
        np.empty((m + 1) * LANES, real),
    )


@kernel(_SIGNATURES, parallel=True)
def search(
    distances: Array,
    nearest: Array,
    bounds: Array,
    query_frames: Array,
    query_points: Array,
    query_corners: Array,
    frames: Array,
    points: Array,
    corners: Array,
    allowed: Array,
    precision: Array,
    reach_down: int,
    reach_up: int,
    root: bool,
) -> Array:
    """Set the `distances` (Q, N) that can be among the k smallest of a query; leave the others.

    Queries (Q, n, ...) meet gallery clips (N, m, ...) where they are `allowed` (Q, N), with the
    `bounds` (3, Q, N) of `bound_by_boxes`. `nearest` (Q, k) are the ascending k smallest distances
    so far, of earlier calls too, infinity where there are fewer; the new ones are put among them.
    Points, corners and `precision` are those of `resound.distances._dtw_bound_kernels`.

    Returns counts (Q, COUNTS): pairs left out by the boxes of the gallery clips, by that of the
    query and by the minima, pairs abandoned on the way and computed to the end, cells computed.
    """
    counts = np.zeros((len(query_frames), COUNTS), np.int64)
    for q in numba.prange(len(query_frames)):  # takes arrays and numbers from outside, no tuples
        gallery = _Gallery(frames, points, corners)
        _search_one(
            distances[q],
            nearest[q],
            counts[q],
            (bounds[0, q], bounds[1, q], bounds[2, q]),
            _Query(query_frames[q], query_points[q], query_corners[q]),
            gallery,
            allowed[q],
            _empty_batch(query_frames.shape[1], gallery),
            _Rules(reach_down, reach_up, root, precision[0], (precision[1], precision[2])),
        )
    return counts
