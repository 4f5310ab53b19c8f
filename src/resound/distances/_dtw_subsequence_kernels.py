"""Compiled kernel of subsequence DTW; `resound.distances.dtw_subsequence` says what it computes."""

# mypy: disallow-untyped-decorators=False

import numpy as np

from resound.compiled.cache import kernel
from resound.distances._clips import Array


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
