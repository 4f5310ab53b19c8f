"""Compiled kernels of subsequence DTW; `resound.distances.dtw_subsequence` says what they compute.

`last_row` tells of one pair where the query is; `pairwise` tells of many how far it is, `LANES`
gallery clips at a time, by the rows of `resound.distances._dtw_kernels`.
"""

# mypy: disallow-untyped-decorators=False

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
from resound.distances._dtw_kernels import ROWS, advance

_SIGNATURES = [
    f"{real}[:,:,::1]({real}[:,:,::1], {real}[:,:,:,::1], boolean)"
    for real in ("float32", "float64")
]


@kernel(["UniTuple(float64[::1], 2)(float64[:,::1])"])
def last_row(costs: Array) -> tuple[Array, Array]:
    """Return the last row of the accumulated costs, and in which column each path began."""
    n, m = costs.shape
    totals, begins = costs[0].copy(), np.arange(m).astype(np.float64)
    for i in range(1, n):
        before, begun = totals[0], begins[0]
        totals[0] += costs[i, 0]
        for j in range(1, m):
            least, start = before, begun
            if totals[j] < least:
                least, start = totals[j], begins[j]
            if totals[j - 1] < least:
                least, start = totals[j - 1], begins[j - 1]
            before, begun = totals[j], begins[j]
            totals[j], begins[j] = costs[i, j] + least, start
    return totals, begins


@numba.njit(error_model="numpy")
def _advance_row(totals: Array, frame: Array, y: Array, root: bool) -> None:
    """Take `totals` one row further, by one `frame` (d,) of the query."""
    n_dims = len(frame)
    diagonal, left = load(totals, 0), fill(frame.dtype.type(np.inf))
    for j in range(len(y)):
        cost = fill(frame.dtype.type(0.0))
        for k in range(n_dims):
            cost = add_squared_difference(cost, fill(frame[k]), load(y, (j * n_dims + k) * LANES))
        if root:
            cost = square_root(cost)
        above = load(totals, (j + 1) * LANES)
        left = add(cost, minimum(minimum(above, diagonal), left))
        diagonal = above
        store(totals, (j + 1) * LANES, left)
    totals[:LANES] = np.inf


@numba.njit(error_model="numpy")
def _least_in_lanes(x: Array, y: Array, root: bool) -> Array:
    """Return the distances of `x` (n, d) to stretches of the clips in the lanes of `y`.

    `totals` holds cell (i, j) at j + 1, as for DTW of whole clips; above the first row all is 0,
    since a stretch begins anywhere. `advance` leaves the row that it ends with in `totals` where
    it takes all of its `ROWS`; what the query has beyond these goes row by row.
    """
    n, m = x.shape[0], len(y)
    totals = np.zeros((m + 1) * LANES, x.dtype)
    in_blocks = n // ROWS * ROWS
    for first in range(0, in_blocks, ROWS):
        advance(totals, x, y, first, n, n + m, root)
    for i in range(in_blocks, n):
        _advance_row(totals, x[i], y, root)
    least = load(totals, LANES)
    for j in range(2, m + 1):
        least = minimum(load(totals, j * LANES), least)
    store(totals, 0, least)
    return totals[:LANES]


@kernel(_SIGNATURES, parallel=True)
def pairwise(queries: Array, gallery: Array, root: bool) -> Array:
    """Return distances (Q, B, LANES) of `queries` (Q, n, d) to `gallery` (B, m, d, LANES)."""
    n_queries, n_blocks = len(queries), len(gallery)
    distances = np.empty((n_queries, n_blocks, LANES), queries.dtype)
    for pair in numba.prange(n_queries * n_blocks):
        q, b = pair // n_blocks, pair % n_blocks
        distances[q, b] = _least_in_lanes(queries[q], gallery[b], root)
    return distances
