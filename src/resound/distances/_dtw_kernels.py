"""Compiled DTW kernels; `resound.distances.dtw` checks what goes in and says what comes out.

`LANES` gallery clips advance together, each in a lane of its own: the recurrence, which runs from
cell to cell within a pair, is straight vector code across the pairs. `ROWS` rows of the matrix go
through the columns at a time, so that a frame of the gallery is loaded once for as many frames of
the query, and as many sums are under way at once.

Within a lane the order of all operations is fixed: a distance does not depend on what stands in the
other lanes.
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
    fill,
    load,
    minimum,
    square_root,
    store,
)
from resound.distances._clips import Array

ROWS = 4

_SIGNATURES = [
    f"{real}[:,:,::1]({real}[:,:,::1], {real}[:,:,:,::1], int64, int64, boolean)"
    for real in ("float32", "float64")
]


@numba.njit(error_model="numpy")
def _cheapest(a: Any, b: Any, c: Any) -> Any:
    return minimum(minimum(a, b), c)


@numba.njit(error_model="numpy")
def _first_term(real: Any, offset: int, reach_down: int, reach_up: int) -> Any:
    """Return what a local cost starts from: 0 inside the band, infinity outside."""
    return fill(real(0.0 if -reach_down <= offset <= reach_up else np.inf))


@numba.njit(error_model="numpy", inline="always")
def advance_columns(
    totals: Array,
    x: Array,
    y: Array,
    first: int,
    columns: tuple[int, int],
    cells: Any,
    reach_down: int,
    reach_up: int,
    root: bool,
) -> Any:
    """Take `totals` through `ROWS` rows of D from `first` on, in the columns from one to another.

    `totals` holds cell (i, j) of all lanes at j + 1, and the border left of the first column at 0.
    `cells` are those that the first column continues: the one diagonally above it, then those left
    of it in each row. Returns them for the column after the last one. A row below the last frame of
    `x` repeats it; `last_row` leaves such rows out.
    """
    n, n_dims = x.shape
    last = min(ROWS, n - first) - 1
    x0, x1 = x[first], x[first + min(1, last)]
    x2, x3 = x[first + min(2, last)], x[first + min(3, last)]
    diagonal, d0, d1, d2, d3 = cells
    for j in range(columns[0], columns[1]):
        c0 = _first_term(x.dtype.type, j - first, reach_down, reach_up)
        c1 = _first_term(x.dtype.type, j - first - 1, reach_down, reach_up)
        c2 = _first_term(x.dtype.type, j - first - 2, reach_down, reach_up)
        c3 = _first_term(x.dtype.type, j - first - 3, reach_down, reach_up)
        for k in range(n_dims):
            values = load(y, (j * n_dims + k) * LANES)
            c0 = add_squared_difference(c0, fill(x0[k]), values)
            c1 = add_squared_difference(c1, fill(x1[k]), values)
            c2 = add_squared_difference(c2, fill(x2[k]), values)
            c3 = add_squared_difference(c3, fill(x3[k]), values)
        if root:
            c0, c1, c2, c3 = square_root(c0), square_root(c1), square_root(c2), square_root(c3)
        above = load(totals, (j + 1) * LANES)
        e0 = add(c0, _cheapest(above, diagonal, d0))
        e1 = add(c1, _cheapest(e0, d0, d1))
        e2 = add(c2, _cheapest(e1, d1, d2))
        e3 = add(c3, _cheapest(e2, d2, d3))
        diagonal, d0, d1, d2, d3 = above, e0, e1, e2, e3
        store(totals, (j + 1) * LANES, d3)
    return diagonal, d0, d1, d2, d3


@numba.njit(error_model="numpy", inline="always")
def last_row(cells: Any, rows: int) -> Any:
    """Return the cell of the last of `rows` rows among the `cells` of `advance_columns`."""
    if rows == 1:
        return cells[1]
    if rows == 2:
        return cells[2]
    return cells[3] if rows == 3 else cells[4]


@numba.njit(error_model="numpy")
def advance(
    totals: Array, x: Array, y: Array, first: int, reach_down: int, reach_up: int, root: bool
) -> None:
    """Take `totals` from row `first - 1` of D to row `first + ROWS - 1`, or to the last one.

    The columns of the rows inside the band only move right, so that a cell which is read outside
    them has not been reached yet, or was set to infinity with the columns of an earlier row.
    """
    rows = min(ROWS, len(x) - first)
    low = max(0, first - reach_down)
    high = min(len(totals) // LANES - 1, first + rows + reach_up)
    outside = fill(x.dtype.type(np.inf))
    cells = (load(totals, low * LANES), outside, outside, outside, outside)
    cells = advance_columns(totals, x, y, first, (low, high), cells, reach_down, reach_up, root)
    store(totals, high * LANES, last_row(cells, rows))
    totals[:LANES] = np.inf


@numba.njit(error_model="numpy")
def distances_in_lanes(x: Array, y: Array, reach_down: int, reach_up: int, root: bool) -> Array:
    """Return the distances of `x` (n, d) to the clips in the lanes of `y` (m, d, LANES).

    Cell (i, j) is inside the band when `-reach_down <= j - i <= reach_up`.
    """
    m = len(y)
    totals = np.full((m + 1) * LANES, np.inf, x.dtype)
    totals[:LANES] = 0.0
    for first in range(0, len(x), ROWS):
        advance(totals, x, y, first, reach_down, reach_up, root)
    return totals[m * LANES :]


@kernel(_SIGNATURES, parallel=True)
def pairwise(queries: Array, gallery: Array, reach_down: int, reach_up: int, root: bool) -> Array:
    """Return distances (Q, B, LANES) of `queries` (Q, n, d) to `gallery` (B, m, d, LANES)."""
    n_queries, n_blocks = len(queries), len(gallery)
    distances = np.empty((n_queries, n_blocks, LANES), queries.dtype)
    for pair in numba.prange(n_queries * n_blocks):
        q, b = pair // n_blocks, pair % n_blocks
        distances[q, b] = distances_in_lanes(queries[q], gallery[b], reach_down, reach_up, root)
    return distances
