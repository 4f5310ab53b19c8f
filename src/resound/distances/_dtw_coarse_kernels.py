"""Coarse DTW over boxes of frames, one gallery clip a lane: bounds of distances from below.

Let the frames of both clips be parted into segments of s or more, in order. A path makes steps of
at most one frame, so that of its cells each s-th one, from cell t < s on, lies in the same pair of
segments as the one before or in one next to it: they pass a path of segments, from the first pair
to the last. The frames of two segments are at least as far apart as the boxes around them. So each
of the s parts of the path costs at least what DTW over the boxes does, and the path s times that.
The longer clip needs s frames.

A box is the (2 p,) smallest and largest values of p coordinates, of the points that
`resound.distances._dtw_points` makes; `halves` are the largest halves of squared norms of each
clip. `precision` (3,) is how many times a bound may exceed a distance that it should not exceed, as
both are rounded sums; then, of what rounding may add to the squared distance of two points, the
part of the sum of these halves, and what comes to it.
"""

# mypy: disallow-untyped-decorators=False

from typing import Any

import numba
import numpy as np

from resound.compiled.cache import kernel
from resound.compiled.lanes import (
    LANES,
    add,
    add_product,
    fill,
    load,
    maximum,
    minimum,
    multiply,
    square_root,
    store,
    subtract,
)
from resound.distances._clips import Array

_SIGNATURES = [
    f"{real}[:,::1]({real}[:,:,::1], {real}[::1], {real}[:,:,:,::1], {real}[:,::1], {real}[::1], "
    "int64, int64, boolean)"
    for real in ("float32", "float64")
]


@numba.njit(error_model="numpy")
def coarser(reach: int) -> int:
    """Return how far a band reaches in segments of two of what it reaches in now.

    The last segment may be one of three.
    """
    return reach // 2 + 1


@numba.njit(error_model="numpy", inline="always")
def _cost_at_least(square: Any, margin: Any, zero: Any, root: bool) -> Any:
    """Return the local cost of a squared distance that is at most `margin` too large."""
    square = maximum(subtract(square, margin), zero)  # 0 for NaN, from squares that overflow
    return square_root(square) if root else square


@numba.njit(error_model="numpy")
def _first_term(real: Any, offset: int, reach_down: int, reach_up: int) -> Any:
    return fill(real(0.0 if -reach_down <= offset <= reach_up else np.inf))


@numba.njit(error_model="numpy")
def _add_two_rows(
    table: Array,
    x: Array,
    y: Array,
    i: int,
    margin: Any,
    reach_down: int,
    reach_up: int,
    root: bool,
) -> None:
    """Set rows `i` and `i + 1` of D; below the last row nothing is set."""
    m, p, more = len(y), x.shape[1] // 2, i + 1 < len(x)
    x0, x1 = x[i], x[i + 1 if more else i]
    zero, outside = fill(x.dtype.type(0)), fill(x.dtype.type(np.inf))
    step = (m + 1) * LANES
    at = i * step + LANES
    diagonal, d0, d1 = load(table, i * step), outside, outside
    for j in range(m):
        s0 = s1 = zero
        for k in range(p):
            low, high = load(y, (j * 2 * p + k) * LANES), load(y, (j * 2 * p + p + k) * LANES)
            g0 = maximum(subtract(fill(x0[k]), high), subtract(low, fill(x0[p + k])))
            g1 = maximum(subtract(fill(x1[k]), high), subtract(low, fill(x1[p + k])))
            g0, g1 = maximum(g0, zero), maximum(g1, zero)
            s0, s1 = add_product(s0, g0, g0), add_product(s1, g1, g1)
        c0, c1 = _cost_at_least(s0, margin, zero, root), _cost_at_least(s1, margin, zero, root)
        c0 = add(c0, _first_term(x.dtype.type, j - i, reach_down, reach_up))
        c1 = add(c1, _first_term(x.dtype.type, j - i - 1, reach_down, reach_up))
        above = load(table, at + j * LANES)
        e0 = add(c0, minimum(minimum(above, diagonal), d0))
        e1 = add(c1, minimum(minimum(e0, d0), d1))
        diagonal, d0, d1 = above, e0, e1
        store(table, at + step + j * LANES, e0)
        if more:
            store(table, at + 2 * step + j * LANES, e1)


@numba.njit(error_model="numpy")
def set_box_table(
    table: Array,
    x: Array,
    x_half: Any,
    y: Array,
    y_halves: Array,
    precision: Array,
    reach_down: int,
    reach_up: int,
    root: bool,
) -> None:
    """Set D of boxes `x` (n, 2 p) and lanes of boxes `y` (m, 2 p, LANES).

    Cell (i, j) stands in the flat `table` at ``((i + 1) (m + 1) + j + 1) LANES``; it is inside the
    band when `-reach_down <= j - i <= reach_up`.
    """
    step = (len(y) + 1) * LANES
    margin = add(fill(x_half), load(y_halves, 0))
    margin = add(multiply(margin, fill(precision[1])), fill(precision[2]))
    table[:step] = np.inf
    table[:LANES] = 0.0  # D(-1, -1)
    for i in range(len(x)):
        table[(i + 1) * step : (i + 1) * step + LANES] = np.inf
    for i in range(0, len(x), 2):
        _add_two_rows(table, x, y, i, margin, reach_down, reach_up, root)


@kernel(_SIGNATURES, parallel=True)
def coarse_distances(
    queries: Array,
    query_halves: Array,
    gallery: Array,
    gallery_halves: Array,
    precision: Array,
    reach_down: int,
    reach_up: int,
    root: bool,
) -> Array:
    """Return DTW (Q, B LANES) over boxes of `queries` (Q, n, 2 p) and `gallery` (B, m, 2 p, LANES).

    Times the frames of a segment it bounds the distance. `gallery_halves` are (B, LANES).
    """
    n_queries, n, n_blocks, m = len(queries), queries.shape[1], len(gallery), gallery.shape[1]
    found = np.empty((n_queries, n_blocks * LANES), queries.dtype)
    for b in numba.prange(n_blocks):
        table = np.empty((n + 1) * (m + 1) * LANES, queries.dtype)
        for q in range(n_queries):
            set_box_table(
                table,
                queries[q],
                query_halves[q],
                gallery[b],
                gallery_halves[b],
                precision,
                reach_down,
                reach_up,
                root,
            )
            found[q, b * LANES : (b + 1) * LANES] = table[len(table) - LANES :]
    return found
