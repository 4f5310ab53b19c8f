"""Compiled divergences of Gaussians; `resound.distances.gaussian` says what they are."""

# mypy: disallow-untyped-decorators=False

import numba
import numpy as np

from resound.compiled.cache import kernel
from resound.distances._clips import Array

_MATRICES = "float64[:,:,::1], float64[:,:,::1]"


@kernel([f"void(float64[:,::1], float64[:,::1], {_MATRICES}, float64[:,::1], {_MATRICES})"],
        parallel=True)  # fmt: skip
def set_divergences(
    out: Array,
    x_means: Array,
    x_covariances: Array,
    x_precisions: Array,
    y_means: Array,
    y_covariances: Array,
    y_precisions: Array,
) -> None:
    """Set `out` (Q, N) to the symmetric divergences of Gaussians x (Q) and y (N) of d dims.

    Means are (n, d), covariances and their inverses (n, d, d). The sum of a pair runs in one
    order, in which (y, x) has the value of (x, y), and equal Gaussians have 0.
    """
    n_dims = x_means.shape[1]
    for q in numba.prange(len(x_means)):
        gap = np.empty(n_dims)
        for g in range(len(y_means)):
            for i in range(n_dims):
                gap[i] = x_means[q, i] - y_means[g, i]
            total = 0.0
            for i in range(n_dims):
                for j in range(n_dims):
                    p, r = x_precisions[q, i, j], y_precisions[g, i, j]
                    spread = (r - p) * (x_covariances[q, i, j] - y_covariances[g, i, j])
                    total += spread + (p + r) * (gap[i] * gap[j])
            out[q, g] = max(0.0, 0.5 * total)
