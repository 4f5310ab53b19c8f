"""Compiled DTW kernels; `resound.distances.dtw` checks what goes in and says what comes out.

The cells of one anti-diagonal do not depend on each other, so they are computed together. Clips
come dims-major and the gallery clip reversed in time: then the frames that meet on an anti-diagonal
are contiguous in both clips, and every inner loop is straight vector code.

The kernels stand in one file, because numba renews its cache only when the file of the outermost
kernel changes. Their signatures are fixed, so that processes compiling at the same time write the
same cache entries under the same names. Of the fast-math flags only `contract` is on: a sum keeps
its order of terms, and a distance does not depend on where in the vectors its cells stand.
"""

# mypy: disallow-untyped-decorators=False

from typing import Any

import numba
import numpy as np

from resound.distances._clips import Array

_FLAGS = {"error_model": "numpy", "fastmath": {"contract"}}
_SIGNATURES = [
    f"{real}[:,::1]({real}[:,:,::1], {real}[:,:,::1], int64, int64, boolean)"
    for real in ("float32", "float64")
]


@numba.njit(inline="always", **_FLAGS)
def _set_squared_distances(cost: Array, x: Array, y: Array, first_x: int, first_y: int) -> None:
    """Set `cost[t]` to the squared distance of the frames `first_x + t` and `first_y + t`."""
    # Rows are sliced one by one: of a two-dimensional slice numba does not know the stride, and
    # the loops would not vectorise. Four dimensions a pass spare loads and stores of the sum.
    width = cost.size
    n_dims = x.shape[0]
    x0, y0 = x[0, first_x : first_x + width], y[0, first_y : first_y + width]
    for t in range(width):
        e0 = x0[t] - y0[t]
        cost[t] = e0 * e0
    k = 1
    while k + 4 <= n_dims:
        x0, y0 = x[k, first_x : first_x + width], y[k, first_y : first_y + width]
        x1, y1 = x[k + 1, first_x : first_x + width], y[k + 1, first_y : first_y + width]
        x2, y2 = x[k + 2, first_x : first_x + width], y[k + 2, first_y : first_y + width]
        x3, y3 = x[k + 3, first_x : first_x + width], y[k + 3, first_y : first_y + width]
        for t in range(width):
            e0, e1, e2, e3 = x0[t] - y0[t], x1[t] - y1[t], x2[t] - y2[t], x3[t] - y3[t]
            cost[t] += e0 * e0 + e1 * e1 + e2 * e2 + e3 * e3
        k += 4
    while k < n_dims:
        x0, y0 = x[k, first_x : first_x + width], y[k, first_y : first_y + width]
        for t in range(width):
            e0 = x0[t] - y0[t]
            cost[t] += e0 * e0
        k += 1


@numba.njit(inline="always", **_FLAGS)
def _set_cumulative(
    current: Array, cost: Array, above: Array, left: Array, diagonal: Array, root: bool
) -> None:
    """Set `current` to the local costs, or their roots, plus the cheapest of three ways in."""
    for t in range(cost.size):
        step = min(min(above[t], left[t]), diagonal[t])
        current[t] = (np.sqrt(cost[t]) if root else cost[t]) + step


@numba.njit(**_FLAGS)
def _distance(x: Array, y: Array, reach_down: int, reach_up: int, root: bool) -> Any:
    """Return the cost of the cheapest path between `x` (d, n) and the reversed `y` (d, m).

    Cell (i, j) lies on the anti-diagonal s = i + j and inside the band when
    `-reach_down <= j - i <= reach_up`. An anti-diagonal keeps its cell (i, s - i) at index i + 1,
    so that index 0 is the border above the first row. The rows of an anti-diagonal only move
    down, by at most one from one to the next: what is read below its last row is infinite still,
    and what is read above its first row is one cell, which is set to infinity.
    """
    n, m = x.shape[1], y.shape[1]
    cost = np.empty(n, x.dtype)
    previous = np.full(n + 1, np.inf, x.dtype)
    before_previous = np.full(n + 1, np.inf, x.dtype)
    current = np.full(n + 1, np.inf, x.dtype)
    before_previous[0] = 0
    for s in range(n + m - 1):
        low = max(0, s - m + 1, (s - reach_up + 1) // 2)
        high = min(n, s + 1, (s + reach_down) // 2 + 1)
        _set_squared_distances(cost[: high - low], x, y, low, m - 1 - s + low)
        _set_cumulative(
            current[low + 1 : high + 1],
            cost[: high - low],
            previous[low:high],
            previous[low + 1 : high + 1],
            before_previous[low:high],
            root,
        )
        current[low] = np.inf
        before_previous, previous, current = previous, current, before_previous
    return previous[n]


@numba.njit(_SIGNATURES, parallel=True, nogil=True, cache=True, **_FLAGS)
def pairwise(queries: Array, gallery: Array, reach_down: int, reach_up: int, root: bool) -> Array:
    """Return the distances (Q, N) of `queries` (Q, d, n) to the reversed `gallery` (N, d, m)."""
    n_queries, n_gallery = len(queries), len(gallery)
    distances = np.empty((n_queries, n_gallery), queries.dtype)
    for pair in numba.prange(n_queries * n_gallery):
        q, g = pair // n_gallery, pair % n_gallery
        distances[q, g] = _distance(queries[q], gallery[g], reach_down, reach_up, root)
    return distances
