"""Bounds of DTW distances that cost a part of the distance, one gallery clip a lane.

From below: what the rows from i on and the columns from j on cost at least, *rests* for short. Each
row and each column of the matrix is passed by every path, at one cell or more.

- Boxes: a frame costs at least its distance to the box around all frames of the other clip (Keogh
  and Ratanamahatana, "Exact indexing of dynamic time warping", Knowledge and Information Systems 7,
  2005, with the envelope of the whole clip).
- Minima: a frame costs at least its smallest distance to a frame of the other clip inside the band,
  the minimum of its row or column of the matrix of local costs.

Both are made of `points` (frames, p + 1), of `resound.distances._dtw_points`: p coordinates, and
half their squared norm. `corners` (2 p + 1,) of a clip are the smallest and the largest values of
each coordinate and the largest half of a norm. What rounding may add to a squared distance of two
points is at most the sum of these halves times ``rounding[0]``, plus ``rounding[1]``.

From above: what one path costs, the straight one.

`precision` (3,) is how many times a bound may exceed a distance that it should not exceed, as both
are rounded sums, and the two numbers of `rounding`.
"""

# mypy: disallow-untyped-decorators=False

from typing import Any

import numba
import numpy as np

from resound.compiled.cache import kernel
from resound.compiled.lanes import (
    LANES,
    add,
    add_squared_difference,
    all_above,
    fill,
    load,
    maximum,
    minimum,
    multiply,
    square_root,
    store,
    subtract,
    subtract_product,
)
from resound.distances._clips import Array
from resound.distances._dtw_kernels import ROWS

_SIGNATURES = [
    f"{real}[:,:,::1]({real}[:,:,::1], {real}[:,:,::1], {real}[:,::1], {real}[:,:,:,::1], "
    f"{real}[:,:,:,::1], {real}[:,:,::1], {real}[::1], boolean)"
    for real in ("float32", "float64")
]


@numba.njit(error_model="numpy", inline="always")
def _margin(x_corners: Array, y_corners: Array, rounding: tuple[Any, Any]) -> Any:
    """Return what rounding may add to a squared distance between the clips."""
    p = len(x_corners) // 2
    halves = add(fill(x_corners[2 * p]), load(y_corners, 2 * p * LANES))
    return add(multiply(halves, fill(rounding[0])), fill(rounding[1]))


@numba.njit(error_model="numpy", inline="always")
def _cost_at_least(square: Any, margin: Any, zero: Any, root: bool) -> Any:
    """Return the local cost of a squared distance that is at most `margin` too large."""
    square = maximum(subtract(square, margin), zero)  # 0 for NaN, from squares that overflow
    return square_root(square) if root else square


@numba.njit(error_model="numpy")
def _set_box_rows(rests: Array, x: Array, y_corners: Array, margin: Any, root: bool) -> None:
    """Set `rests` (n + 1, LANES) of the rows: points of `x` to the boxes of the lanes."""
    n, p = len(x), x.shape[1] - 1
    total = zero = fill(x.dtype.type(0))
    store(rests, n * LANES, total)
    for i in range(n - 1, -1, -1):
        square = zero
        for k in range(p):
            point, low = fill(x[i, k]), load(y_corners, k * LANES)
            nearest = minimum(maximum(point, low), load(y_corners, (p + k) * LANES))
            square = add_squared_difference(square, point, nearest)
        total = add(total, _cost_at_least(square, margin, zero, root))
        store(rests, i * LANES, total)


@numba.njit(error_model="numpy")
def _set_box_columns(rests: Array, y: Array, x_corners: Array, margin: Any, root: bool) -> None:
    """Set `rests` (m + 1, LANES) of the columns: points in the lanes of `y` to the box of x."""
    m, p = len(y), y.shape[1] - 1
    total = zero = fill(y.dtype.type(0))
    store(rests, m * LANES, total)
    for j in range(m - 1, -1, -1):
        square = zero
        for k in range(p):
            point = load(y, (j * (p + 1) + k) * LANES)
            nearest = minimum(maximum(point, fill(x_corners[k])), fill(x_corners[p + k]))
            square = add_squared_difference(square, point, nearest)
        total = add(total, _cost_at_least(square, margin, zero, root))
        store(rests, j * LANES, total)


@numba.njit(error_model="numpy")
def _set_straight_cost(costs: Array, x: Array, y: Array, root: bool) -> None:
    """Set `costs` (LANES,) of the path along the straight line from the first to the last cell.

    It is inside every band, and its sum is rounded as the kernel of D rounds it: so the distance
    that the kernel finds is not greater, to the last bit.
    """
    n, n_dims = x.shape
    m = len(y)
    steps = max(n, m)
    total = fill(x.dtype.type(0))
    for step in range(steps):
        i, j = step * n // steps, step * m // steps
        cost = fill(x.dtype.type(0))
        for k in range(n_dims):
            cost = add_squared_difference(cost, fill(x[i, k]), load(y, (j * n_dims + k) * LANES))
        total = add(square_root(cost) if root else cost, total)
    store(costs, 0, total)


@kernel(_SIGNATURES, parallel=True)
def bound_by_boxes(
    frames: Array,
    points: Array,
    corners: Array,
    frame_lanes: Array,
    point_lanes: Array,
    corner_lanes: Array,
    precision: Array,
    root: bool,
) -> Array:
    """Return for each query and clip (3, Q, B LANES) what it costs at least and at most.

    At least: by the rows and by the columns; at most: on the straight path. Queries come as frames
    (Q, n, d), points and corners; clips in lanes, frames (B, m, d, LANES) and so on.
    """
    n_queries, n_blocks = len(frames), len(frame_lanes)
    found = np.empty((3, n_queries, n_blocks * LANES), frames.dtype)
    n, m = frames.shape[1], frame_lanes.shape[1]
    for b in numba.prange(n_blocks):
        rows, columns = (
            np.empty((n + 1) * LANES, frames.dtype),
            np.empty((m + 1) * LANES, frames.dtype),
        )
        lanes = slice(b * LANES, (b + 1) * LANES)
        rounding = precision[1], precision[2]
        for q in range(n_queries):
            margin = _margin(corners[q], corner_lanes[b], rounding)
            _set_box_rows(rows, points[q], corner_lanes[b], margin, root)
            _set_box_columns(columns, point_lanes[b], corners[q], margin, root)
            found[0, q, lanes], found[1, q, lanes] = rows[:LANES], columns[:LANES]
            _set_straight_cost(rows, frames[q], frame_lanes[b], root)
            found[2, q, lanes] = rows[:LANES]
    return found


@numba.njit(error_model="numpy", inline="always")
def _block_minima(column_minima: Array, x: Array, y: Array, first: int, low: int, high: int) -> Any:
    """Return the smallest halves of squared distances of `ROWS` rows, and lower `column_minima`.

    Half of |x - y|^2 is |x|^2 / 2 + |y|^2 / 2 - <x, y>: one multiply-add a dimension, half of what
    the differences take.
    """
    p = x.shape[1] - 1
    last = min(ROWS, len(x) - first) - 1
    x0, x1 = x[first], x[first + min(1, last)]
    x2, x3 = x[first + min(2, last)], x[first + min(3, last)]
    h0, h1, h2, h3 = fill(x0[p]), fill(x1[p]), fill(x2[p]), fill(x3[p])
    lowest0 = lowest1 = lowest2 = lowest3 = fill(x.dtype.type(np.inf))
    for j in range(low, high):
        c0 = c1 = c2 = c3 = load(y, (j * (p + 1) + p) * LANES)
        for k in range(p):
            values = load(y, (j * (p + 1) + k) * LANES)
            c0 = subtract_product(c0, fill(x0[k]), values)
            c1 = subtract_product(c1, fill(x1[k]), values)
            c2 = subtract_product(c2, fill(x2[k]), values)
            c3 = subtract_product(c3, fill(x3[k]), values)
        lowest0, lowest1 = minimum(lowest0, c0), minimum(lowest1, c1)
        lowest2, lowest3 = minimum(lowest2, c2), minimum(lowest3, c3)
        upper, lower = minimum(add(c0, h0), add(c1, h1)), minimum(add(c2, h2), add(c3, h3))
        column = minimum(load(column_minima, j * LANES), minimum(upper, lower))
        store(column_minima, j * LANES, column)
    return add(lowest0, h0), add(lowest1, h1), add(lowest2, h2), add(lowest3, h3)


@numba.njit(error_model="numpy")
def set_minima_rests(
    row_rests: Array,
    column_rests: Array,
    x: Array,
    x_corners: Array,
    y: Array,
    y_corners: Array,
    limit: Any,
    rounding: tuple[Any, Any],
    reach_down: int,
    reach_up: int,
    root: bool,
) -> bool:
    """Set both rests of points `x` (n, p + 1) and lanes `y` (m, p + 1, LANES) by minima.

    Returns False, with the rests in no order, as soon as all lanes exceed `limit`.
    """
    n, m = len(x), len(y)
    margin = _margin(x_corners, y_corners, rounding)
    total = zero = fill(x.dtype.type(0))
    _set_box_rows(row_rests, x, y_corners, margin, root)
    column_rests[: m * LANES] = np.inf
    for first in range(0, n, ROWS):
        stop = min(n, first + ROWS)
        low, high = max(0, first - reach_down), min(m, stop + reach_up)
        halves = _block_minima(column_rests, x, y, first, low, high)
        store(row_rests, (stop - 1) * LANES, add(halves[3], halves[3]))
        store(row_rests, min(first + 2, stop - 1) * LANES, add(halves[2], halves[2]))
        store(row_rests, min(first + 1, stop - 1) * LANES, add(halves[1], halves[1]))
        store(row_rests, first * LANES, add(halves[0], halves[0]))
        for i in range(first, stop):
            cost = _cost_at_least(load(row_rests, i * LANES), margin, zero, root)
            store(row_rests, i * LANES, cost)
            total = add(total, cost)
        if all_above(add(total, load(row_rests, stop * LANES)), fill(limit)):
            return False
    for j in range(m):
        half = load(column_rests, j * LANES)
        store(column_rests, j * LANES, _cost_at_least(add(half, half), margin, zero, root))
    _sum_from_the_end(row_rests, n)
    _sum_from_the_end(column_rests, m)
    return True


@numba.njit(error_model="numpy")
def _sum_from_the_end(rests: Array, length: int) -> None:
    """Turn the costs of `length` rows or columns into what those from each one on cost."""
    total = fill(rests.dtype.type(0))
    for i in range(length - 1, -1, -1):
        total = add(total, load(rests, i * LANES))
        store(rests, i * LANES, total)
    store(rests, length * LANES, fill(rests.dtype.type(0)))
