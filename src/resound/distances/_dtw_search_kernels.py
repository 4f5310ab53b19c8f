"""The compiled search behind `resound.distances.dtw_search`: bounds, then pairs worth their cells.

A pair is left out only when a lower bound of its distance exceeds the k-th smallest distance so
far. Local costs of bounds are rounded as those of cells are, and rounding is monotone: with p the
point of a box nearest to x, no dimension of x - p is larger than that of x - y for y in the box,
before rounding or after. So only the order in which a bound is summed up can lift it above the
distance, and a threshold times `slack` is above all that can do.

The rows of the matrix are those of `_dtw_kernels.pairwise`, and so are the distances, to the last
bit.
"""

# mypy: disallow-untyped-decorators=False

from typing import Any

import numba
import numpy as np

from resound.distances._clips import Array
from resound.distances._dtw_kernels import ROWS, advance
from resound.kernels import kernel
from resound.lanes import (
    LANES,
    add,
    add_squared_difference,
    all_above,
    fill,
    load,
    maximum,
    minimum,
    square_root,
    store,
)

# Between two looks at whether a batch of pairs can be abandoned.
ROWS_BETWEEN = 2 * ROWS

_SIGNATURES = [
    f"int64[:,::1]({real}[:,::1], {real}[:,::1], {real}[:,:,::1], {real}[:,:,::1], "
    f"{real}[:,:,:,::1], boolean[:,::1], {real}, int64, int64, boolean)"
    for real in ("float32", "float64")
]


@numba.njit(error_model="numpy")
def _nearest_point(point: Any, low: Any, high: Any) -> Any:
    return minimum(maximum(point, low), high)


@numba.njit(error_model="numpy")
def _set_row_bounds(bounds: Array, x: Array, low: Array, high: Array, root: bool) -> None:
    """Set `bounds` (n + 1, LANES) to what the rows from i on cost at least.

    Each frame of `x` (n, d) meets a frame in the box of the gallery clip, `low` to `high`
    (d, LANES): Keogh and Ratanamahatana, "Exact indexing of dynamic time warping", Knowledge and
    Information Systems 7, 2005, with the envelope of the whole clip.
    """
    n, n_dims = x.shape
    total = fill(x.dtype.type(0))
    store(bounds, n * LANES, total)
    for i in range(n - 1, -1, -1):
        cost = fill(x.dtype.type(0))
        for k in range(n_dims):
            point = fill(x[i, k])
            nearest = _nearest_point(point, load(low, k * LANES), load(high, k * LANES))
            cost = add_squared_difference(cost, point, nearest)
        total = add(total, square_root(cost) if root else cost)
        store(bounds, i * LANES, total)


@numba.njit(error_model="numpy")
def _set_column_bounds(bounds: Array, y: Array, low: Array, high: Array, root: bool) -> None:
    """Set `bounds` (m + 1, LANES) to what the columns from j on cost at least.

    Each frame of the gallery clips `y` (m, d, LANES) meets a frame in the box of the query, `low`
    to `high` (d,).
    """
    m, n_dims = y.shape[:2]
    total = fill(y.dtype.type(0))
    store(bounds, m * LANES, total)
    for j in range(m - 1, -1, -1):
        cost = fill(y.dtype.type(0))
        for k in range(n_dims):
            point = load(y, (j * n_dims + k) * LANES)
            cost = add_squared_difference(
                cost, point, _nearest_point(point, fill(low[k]), fill(high[k]))
            )
        total = add(total, square_root(cost) if root else cost)
        store(bounds, j * LANES, total)


@numba.njit(error_model="numpy")
def _is_hopeless(
    totals: Array, row_bounds: Array, column_bounds: Array, row: int, limit: Any
) -> Any:
    """Return whether no path of any lane can end below `limit`.

    `totals` are those before `row`: a path that leaves cell (row - 1, j) still passes all rows from
    `row` and all columns from j + 1 on. Cells left of the band are of earlier rows, hence only
    lower.
    """
    rest = load(row_bounds, row * LANES)
    lowest = fill(totals.dtype.type(np.inf))
    for j in range(len(totals) // LANES - 1):
        at_least = maximum(rest, load(column_bounds, (j + 1) * LANES))
        lowest = minimum(lowest, add(load(totals, (j + 1) * LANES), at_least))
    return all_above(lowest, fill(limit))


@numba.njit(error_model="numpy")
def _rows_done(
    totals: Array,
    x: Array,
    y: Array,
    row_bounds: Array,
    column_bounds: Array,
    limit: Any,
    reach_down: int,
    reach_up: int,
    root: bool,
) -> int:
    """Take `totals` through the rows of `x` until all lanes exceed `limit`; return the rows."""
    totals[:] = np.inf
    totals[:LANES] = 0.0
    for first in range(0, len(x), ROWS):
        if (
            first
            and first % ROWS_BETWEEN == 0
            and _is_hopeless(totals, row_bounds, column_bounds, first, limit)
        ):
            return first
        advance(totals, x, y, first, reach_down, reach_up, root)
    return len(x)


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
def _set_bounds(
    row_bounds: Array, column_bounds: Array, x: Array, y: Array, low: Array, high: Array, root: bool
) -> None:
    """Set both bounds of the pairs of `x` (n, d) and the lanes of `y` (m, d, LANES)."""
    n_dims = x.shape[1]
    x_low, x_high = np.empty(n_dims, x.dtype), np.empty(n_dims, x.dtype)
    for k in range(n_dims):
        x_low[k], x_high[k] = x[:, k].min(), x[:, k].max()
        first = k * LANES
        lowest = highest = load(y, first)
        for j in range(1, len(y)):
            values = load(y, j * n_dims * LANES + first)
            lowest, highest = minimum(lowest, values), maximum(highest, values)
        store(low, first, lowest)
        store(high, first, highest)
    _set_row_bounds(row_bounds, x, low, high, root)
    _set_column_bounds(column_bounds, y, x_low, x_high, root)


@numba.njit(error_model="numpy")
def _gather(batch: Array, gallery: Array, clips: Array) -> None:
    """Put `clips` of the gallery into the lanes of `batch`, the last one into what is left."""
    m, n_dims = gallery.shape[1:]
    for lane in range(LANES):
        clip = gallery[clips[min(lane, len(clips) - 1)]]
        for j in range(m):
            for k in range(n_dims):
                batch[j, k, lane] = clip[j, k]


@numba.njit(error_model="numpy")
def _n_cells(rows: int, m: int, reach_down: int, reach_up: int) -> int:
    cells = 0
    for i in range(rows):
        cells += min(m, i + reach_up + 1) - max(0, i - reach_down)
    return cells


@numba.njit(error_model="numpy")
def _search_one(
    distances: Array,
    nearest: Array,
    counts: Array,
    x: Array,
    gallery: Array,
    lanes: Array,
    allowed: Array,
    slack: Any,
    reach_down: int,
    reach_up: int,
    root: bool,
) -> None:
    """Search the gallery for one query; see `search`."""
    n, n_dims, m = x.shape[0], x.shape[1], gallery.shape[1]
    row_bounds = np.empty((n + 1) * LANES, x.dtype)
    column_bounds = np.empty((m + 1) * LANES, x.dtype)
    totals = np.empty((m + 1) * LANES, x.dtype)
    low, high = np.empty((n_dims, LANES), x.dtype), np.empty((n_dims, LANES), x.dtype)
    batch = np.empty((m, n_dims, LANES), x.dtype)
    by_rows, by_columns = np.empty((2, len(lanes) * LANES), x.dtype)
    for b in range(len(lanes)):
        _set_bounds(row_bounds, column_bounds, x, lanes[b], low, high, root)
        by_rows[b * LANES : (b + 1) * LANES] = row_bounds[:LANES]
        by_columns[b * LANES : (b + 1) * LANES] = column_bounds[:LANES]
    bounds = np.maximum(by_rows, by_columns)
    order = np.flatnonzero(allowed)
    order = order[np.argsort(bounds[order])]
    start, limit = 0, nearest[-1] * slack
    while start < len(order):
        stop = start
        while stop < min(start + LANES, len(order)) and bounds[order[stop]] <= limit:
            stop += 1
        if stop == start:
            break
        clips = order[start:stop]
        _gather(batch, gallery, clips)
        _set_bounds(row_bounds, column_bounds, x, batch, low, high, root)
        rows = _rows_done(
            totals, x, batch, row_bounds, column_bounds, limit, reach_down, reach_up, root
        )
        counts[2 if rows < n else 3] += len(clips)
        counts[4] += len(clips) * _n_cells(rows, m, reach_down, reach_up)
        if rows == n:
            for lane in range(len(clips)):
                distances[clips[lane]] = totals[m * LANES + lane]
                _insert(nearest, totals[m * LANES + lane])
        start, limit = stop, nearest[-1] * slack
    for clip in order[start:]:
        counts[0 if by_rows[clip] > limit else 1] += 1


@kernel(_SIGNATURES, parallel=True)
def search(
    distances: Array,
    nearest: Array,
    queries: Array,
    gallery: Array,
    lanes: Array,
    allowed: Array,
    slack: Any,
    reach_down: int,
    reach_up: int,
    root: bool,
) -> Array:
    """Set the `distances` (Q, N) that can be among the k smallest of a query; leave the others.

    `queries` (Q, n, d) meet `gallery` (N, m, d), the same clips as `lanes` (B, m, d, LANES), where
    they are `allowed` (Q, N). `nearest` (Q, k) are the ascending k smallest distances so far, of
    earlier calls too, infinity where there are fewer; the new ones are put among them.

    Returns counts (Q, 5): pairs left out by the bound of the rows, by that of the columns, pairs
    abandoned on the way, pairs computed to the end, and cells computed.
    """
    counts = np.zeros((len(queries), 5), np.int64)
    for q in numba.prange(len(queries)):
        _search_one(
            distances[q],
            nearest[q],
            counts[q],
            queries[q],
            gallery,
            lanes,
            allowed[q],
            slack,
            reach_down,
            reach_up,
            root,
        )
    return counts
