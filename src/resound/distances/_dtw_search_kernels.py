"""Compiled search for nearest clips; `resound.distances.dtw_search` says what it finds and how.

A distance is computed by antidiagonals of D, `LANES` cells of one at a time. A cell is summed from
the same numbers in the same order as in `resound.distances._dtw_kernels`: a distance that is
computed to the end has the same bits.
"""

# mypy: disallow-untyped-decorators=False

from typing import Any, NamedTuple

import numba
import numpy as np

from resound.compiled.cache import kernel
from resound.compiled.lanes import (
    LANES,
    add,
    add_squared_difference,
    fill,
    gather_transposed,
    load,
    minimum,
    square_root,
    store,
)
from resound.distances._clips import Array
from resound.distances._dtw_coarse_kernels import coarser, set_box_table
from resound.distances._dtw_kernels import distances_in_lanes

# Clips that are compared by boxes of four and of two frames at a time.
BATCH = 4 * LANES
# Antidiagonals between two looks at which cells can be left.
EVERY = 8

# What is counted for each query.
BY_8, BY_4, BY_2, ABANDONED, COMPLETED, CELLS, COUNTS = range(7)

_NOWHERE = 1 << 40
_SIGNATURES = [
    f"int64[:,::1]({real}[:,::1], {real}[:,::1], {real}[:,:], {real}[:,:,::1], {real}[:,:,::1], "
    f"{real}[:,:,::1], {real}[:,:,::1], {real}[::1], {real}[:,:,::1], {real}[:,:,::1], "
    f"{real}[:,:,::1], {real}[:,:,::1], {real}[::1], boolean[:,::1], {real}[::1], int64, int64, "
    "boolean, boolean)"
    for real in ("float32", "float64")
]


class _Rules(NamedTuple):
    """What a path may be and costs, and what may be lost to rounding."""

    reach_down: int
    reach_up: int
    root: bool
    precision: Array


class _Query(NamedTuple):
    """A query in the forms that `search` is given."""

    frames: Array
    series: Array
    boxes_of_2: Array
    boxes_of_4: Array
    half: Any


class _Gallery(NamedTuple):
    """The clips in the forms that `search` is given."""

    frames: Array
    series: Array
    boxes_of_2: Array
    boxes_of_4: Array
    halves: Array


class _Room(NamedTuple):
    """What the kernels of one query write to."""

    cells: Array  # 3 antidiagonals of n + LANES + 4
    spans: Array  # (n + m + 1, 2)
    frames: Array  # (m, d, LANES)
    lanes: Array  # of the boxes of two frames of LANES clips, or of fewer ones of four
    halves: Array  # (LANES,)
    table: Array  # (n2 + 1) (m2 + 1) LANES


@numba.njit(error_model="numpy", inline="always")
def _set_cells(cells: Array, rows: Any, i: int, costs: Any) -> None:
    """Set the cells from `i` on of an antidiagonal from their costs and the two before it."""
    before, above, here = rows
    least = minimum(load(cells, above + i), load(cells, before + i))
    store(cells, here + i + 1, add(costs, minimum(least, load(cells, above + i + 1))))


@numba.njit(error_model="numpy")
def _advance_frames(
    cells: Array, rows: Any, x: Array, y: Array, low: int, high: int, shift: int, root: bool
) -> None:
    """Set cells `low` to `high` of an antidiagonal; frame i of `x` meets frame i + shift of `y`."""
    zero = fill(x.dtype.type(0))
    x_step, y_step, d = x.shape[1], y.shape[1], len(x)
    i = low
    while i + LANES <= high:  # twice as many sums under way
        at, to = i, i + shift
        c0 = c1 = zero
        for _ in range(d):
            c0 = add_squared_difference(c0, load(x, at), load(y, to))
            c1 = add_squared_difference(c1, load(x, at + LANES), load(y, to + LANES))
            at, to = at + x_step, to + y_step
        _set_cells(cells, rows, i, square_root(c0) if root else c0)
        _set_cells(cells, rows, i + LANES, square_root(c1) if root else c1)
        i += 2 * LANES
    if i <= high:
        at, to = i, i + shift
        c0 = zero
        for _ in range(d):
            c0 = add_squared_difference(c0, load(x, at), load(y, to))
            at, to = at + x_step, to + y_step
        _set_cells(cells, rows, i, square_root(c0) if root else c0)


@numba.njit(error_model="numpy")
def _rest(table: Array, lane: int, sizes: Any, i: int, j: int) -> Any:
    """Return what a path still costs after cell (i, j), by boxes of two frames from the end on.

    The next cell of each of two parts of the path, one of each second cell, is in our pair of
    segments or a neighbour of it. The first one still is in ours if there is a frame left in both.
    """
    n, m, n2, m2 = sizes
    row, column = min(i // 2, n2 - 1), min(j // 2, m2 - 1)
    last_i = n - 1 if row == n2 - 1 else 2 * row + 1
    last_j = m - 1 if column == m2 - 1 else 2 * column + 1
    step = (m2 + 1) * LANES
    here = (n2 - row) * step + (m2 - column) * LANES + lane
    after = min(table[here - step], table[here - LANES], table[here - step - LANES])
    return after + (table[here] if i < last_i and j < last_j else after)


@numba.njit(error_model="numpy")
def _trimmed(
    cells: Array,
    here: int,
    a: int,
    span: tuple[int, int],
    table: Array,
    lane: int,
    sizes: Any,
    limit: Any,
) -> tuple[int, int]:
    """Return the first and last cell in `span` of antidiagonal `a` on a path to `limit`."""
    low, high = span
    while low <= high and cells[here + low + 1] + _rest(table, lane, sizes, low, a - low) > limit:
        low += 1
    while low < high and cells[here + high + 1] + _rest(table, lane, sizes, high, a - high) > limit:
        high -= 1
    return (low, high) if low <= high else (_NOWHERE, -_NOWHERE)


@numba.njit(error_model="numpy")
def _span(spans: Array, a: int, n: int, m: int, rules: _Rules) -> tuple[int, int]:
    """Return the first and last cell of antidiagonal `a` that continues one of the last two."""
    first = min(spans[a + 1, 0], spans[a, 0] + 1)
    last = max(spans[a + 1, 1], spans[a, 1]) + 1
    low = max(first, 0, a - m + 1, (a - rules.reach_up + 1) // 2)
    return low, min(last, n - 1, a, (a + rules.reach_down) // 2)


@numba.njit(error_model="numpy")
def _distance(
    x: Array, y: Array, room: _Room, lane: int, sizes: Any, limit: Any, rules: _Rules
) -> tuple[Any, int]:
    """Return the distance of `x` (d, n + LANES) and the reversed `y` (d, m + LANES).

    If it exceeds `limit`, the result may be any larger number. The table of the room holds the
    boxes of two frames from the end on in `lane`; it is not read where the limit is infinite. Also
    returned is the number of cells that were computed.

    Row ``(a + 2) % 3`` of `cells` is antidiagonal a, with cell (i, a - i) at i + 1, and row a + 2
    of `spans` its first and last cell on a path to the limit. The cells on either side of those
    that were computed are infinite: the next two antidiagonals read no others.
    """
    n, m = sizes[0], sizes[1]
    cells, spans, table, root = room.cells, room.spans, room.table, rules.root
    width, inf, n_cells = len(cells) // 3, cells.dtype.type(np.inf), 0
    cells[: LANES + 2] = inf
    cells[width : width + LANES + 2] = inf
    cells[0] = 0  # D(-1, -1)
    spans[0, 0] = spans[0, 1] = -1
    spans[1:, 0], spans[1:, 1] = _NOWHERE, -_NOWHERE
    for a in range(n + m - 1):
        rows = (a % 3) * width, ((a + 1) % 3) * width, ((a + 2) % 3) * width
        if spans[a, 1] < 0 and spans[a + 1, 1] < 0 and a > 0:
            return inf, n_cells
        low, high = _span(spans, a, n, m, rules)
        if high < low:  # between two diagonals of a narrow band
            cells[rows[2] : rows[2] + width] = inf
            continue
        _advance_frames(cells, rows, x, y, low, high, m - 1 - a, root)
        cells[rows[2] + low] = cells[rows[2] + high + 2] = inf
        n_cells += high - low + 1
        if limit < inf and a % EVERY < 2:  # a path may jump over one antidiagonal, not over two
            low, high = _trimmed(cells, rows[2], a, (low, high), table, lane, sizes, limit)
        spans[a + 2, 0], spans[a + 2, 1] = low, high
    reached = spans[n + m, 1] == n - 1
    return (cells[((n + m) % 3) * width + n] if reached else inf), n_cells


@numba.njit(error_model="numpy")
def _cells_in_band(n: int, m: int, reach_down: int, reach_up: int) -> int:
    cells = 0
    for i in range(n):
        cells += min(m, i + reach_up + 1) - max(0, i - reach_down)
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
def _gather_clips(lanes: Array, clips: Array, chosen: Array) -> None:
    """Put the `chosen` of `clips` (N, ...) into `lanes` (..., LANES); the last one fills them."""
    stride = clips[0].size
    flat = clips.reshape(clips.size)
    starts = np.empty(LANES, np.int64)
    for lane in range(LANES):
        starts[lane] = chosen[min(lane, len(chosen) - 1)] * stride
    whole = stride // LANES * LANES
    for i in range(0, whole, LANES):
        gather_transposed(lanes, i * LANES, flat, starts, i)
    rest = lanes.reshape(lanes.size)
    for i in range(whole, stride):
        for lane in range(LANES):
            rest[i * LANES + lane] = flat[starts[lane] + i]


@numba.njit(error_model="numpy")
def _measure(
    found: Array,
    near: Array,
    counts: Array,
    clip: int,
    lane: int,
    limit: Any,
    query: _Query,
    gallery: _Gallery,
    room: _Room,
    rules: _Rules,
) -> Any:
    """Set the distance of `clip` if it can be at most `limit`, and return the new limit."""
    x, y = query.series, gallery.series[clip]
    sizes = (
        x.shape[1] - LANES,
        y.shape[1] - LANES,
        len(query.boxes_of_2),
        gallery.boxes_of_2.shape[1],
    )
    total, cells = _distance(x, y, room, lane, sizes, limit, rules)
    counts[CELLS] += cells
    counts[COMPLETED if total <= limit else ABANDONED] += 1
    if total <= limit:
        found[clip] = total
        _insert(near, total)
    return min(limit, near[-1] * rules.precision[0])


@numba.njit(error_model="numpy")
def _measure_all(
    found: Array,
    near: Array,
    counts: Array,
    clips: Array,
    query: _Query,
    gallery: _Gallery,
    room: _Room,
    rules: _Rules,
) -> None:
    """Set the distances of at most LANES `clips`."""
    reach_down, reach_up = rules.reach_down, rules.reach_up
    _gather_clips(room.frames, gallery.frames, clips)
    totals = distances_in_lanes(query.frames, room.frames, reach_down, reach_up, rules.root)
    for lane in range(len(clips)):
        found[clips[lane]] = totals[lane]
        _insert(near, totals[lane])
    n, m = len(query.frames), gallery.frames.shape[1]
    counts[COMPLETED] += len(clips)
    counts[CELLS] += len(clips) * _cells_in_band(n, m, reach_down, reach_up)


@numba.njit(error_model="numpy")
def _set_table(
    x: Array,
    boxes: Array,
    clips: Array,
    half: Any,
    gallery: _Gallery,
    room: _Room,
    reach: tuple[int, int],
    rules: _Rules,
) -> Array:
    """Set the table of `x` and the `boxes` of `clips`, and return its last cells (clips,)."""
    n, m = len(x), boxes.shape[1]
    lanes = room.lanes[:m]
    _gather_clips(lanes, boxes, clips)
    for lane in range(LANES):
        room.halves[lane] = gallery.halves[clips[min(lane, len(clips) - 1)]]
    table = room.table[: (n + 1) * (m + 1) * LANES]
    precision, root = rules.precision, rules.root
    set_box_table(table, x, half, lanes, room.halves, precision, reach[0], reach[1], root)
    totals: Array = table[len(table) - LANES :][: len(clips)]
    return totals


@numba.njit(error_model="numpy")
def _bound_by_4(
    clips: Array, limit: Any, query: _Query, gallery: _Gallery, room: _Room, rules: _Rules
) -> Array:
    """Return those of `clips` that boxes of four frames do not put above `limit`, nearest first."""
    bounds = np.empty(len(clips), room.table.dtype)
    reach = coarser(coarser(rules.reach_down)), coarser(coarser(rules.reach_up))
    for start in range(0, len(clips), LANES):
        part = clips[start : start + LANES]
        bounds[start : start + len(part)] = 4 * _set_table(
            query.boxes_of_4, gallery.boxes_of_4, part, query.half, gallery, room, reach, rules
        )
    order = np.argsort(bounds)
    left: Array = clips[order[bounds[order] <= limit]]
    return left


@numba.njit(error_model="numpy")
def _search_one(
    found: Array,
    near: Array,
    counts: Array,
    bounds: Array,
    order: Array,
    query: _Query,
    gallery: _Gallery,
    room: _Room,
    rules: _Rules,
    coarse: bool,
) -> None:
    """Search the clips in `order`, of ascending `bounds`; see `search`."""
    longer = gallery.boxes_of_2.shape[1] - len(query.boxes_of_2)
    # From the end on.
    reach = coarser(rules.reach_up) - longer, coarser(rules.reach_down) + longer
    done = 0
    while done < len(order) and not coarse:
        clips = order[done : done + LANES]
        _measure_all(found, near, counts, clips, query, gallery, room, rules)
        done += len(clips)
    limit = near[-1] * rules.precision[0]
    while done < len(order) and bounds[order[done]] <= limit:
        clips = order[done : done + BATCH]
        clips = clips[bounds[clips] <= limit]
        done += len(clips)
        left = _bound_by_4(clips, limit, query, gallery, room, rules)
        counts[BY_4] += len(clips) - len(left)
        while near[-1] == np.inf and len(left) > 0:  # LANES are as quick as one
            _measure_all(found, near, counts, left[:LANES], query, gallery, room, rules)
            left = left[LANES:]
            limit = near[-1] * rules.precision[0]
        for start in range(0, len(left), LANES):
            part = left[start : start + LANES]
            totals = _set_table(
                query.boxes_of_2, gallery.boxes_of_2, part, query.half, gallery, room, reach, rules
            )
            for lane in np.argsort(totals):
                if 2 * totals[lane] > limit:
                    counts[BY_2] += 1
                    continue
                limit = _measure(
                    found, near, counts, part[lane], lane, limit, query, gallery, room, rules
                )
    counts[BY_8] += len(order) - done


@numba.njit(error_model="numpy")
def _empty_room(query: _Query, gallery: _Gallery) -> _Room:
    n, (m, n_dims) = len(query.frames), gallery.frames[0].shape
    n2, m2, n_values = len(query.boxes_of_2), gallery.boxes_of_2.shape[1], query.boxes_of_2.shape[1]
    real = gallery.frames.dtype
    return _Room(
        np.full(3 * (n + LANES + 4), np.inf, real),
        np.empty((n + m + 1, 2), np.int64),
        np.empty((m, n_dims, LANES), real),
        np.empty((m2, n_values, LANES), real),
        np.empty(LANES, real),
        np.empty((n2 + 1) * (m2 + 1) * LANES, real),
    )


@kernel(_SIGNATURES, parallel=True)
def search(
    distances: Array,
    nearest: Array,
    bounds: Array,
    query_frames: Array,
    query_series: Array,
    query_boxes_of_2: Array,
    query_boxes_of_4: Array,
    query_halves: Array,
    frames: Array,
    series: Array,
    boxes_of_2: Array,
    boxes_of_4: Array,
    halves: Array,
    allowed: Array,
    precision: Array,
    reach_down: int,
    reach_up: int,
    root: bool,
    coarse: bool,
) -> Array:
    """Set the `distances` (Q, N) that can be among the k smallest of a query; leave the others.

    Queries meet gallery clips where they are `allowed` (Q, N), with `bounds` (Q, N) from below.
    Boxes are looked at if `coarse`. `nearest` (Q, k) are the ascending k smallest distances so far,
    of earlier calls too, infinity where there are fewer; the new ones are put among them.

    Frames are (Q, n, d) and (N, m, d); series the same numbers as (Q, d, n + LANES) and, from the
    last frame to the first, (N, d, m + LANES), with finite ones behind them. Boxes are (Q, n2, 2 p)
    and (N, m2, 2 p) of two frames, from the last ones to the first, and (Q, n4, 2 p) and
    (N, m4, 2 p) of four; halves (Q,) and (N,). These and `precision` are those of
    `resound.distances._dtw_coarse_kernels`.

    Returns counts (Q, COUNTS): pairs left out by boxes of eight, four and two frames, pairs
    abandoned on the way and computed to the end, cells computed.
    """
    counts = np.zeros((len(query_frames), COUNTS), np.int64)
    for q in numba.prange(len(query_frames)):  # takes arrays and numbers from outside, no tuples
        query = _Query(
            query_frames[q],
            query_series[q],
            query_boxes_of_2[q],
            query_boxes_of_4[q],
            query_halves[q],
        )
        gallery = _Gallery(frames, series, boxes_of_2, boxes_of_4, halves)
        order = np.flatnonzero(allowed[q])
        _search_one(
            distances[q],
            nearest[q],
            counts[q],
            bounds[q],
            order[np.argsort(bounds[q][order])],
            query,
            gallery,
            _empty_room(query, gallery),
            _Rules(reach_down, reach_up, root, precision),
            coarse,
        )
    return counts
