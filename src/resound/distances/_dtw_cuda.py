"""DTW on an NVIDIA GPU; `resound.distances.dtw` checks what goes in and says what comes out.

A block of threads computes one pair. Cells (i, j) of one anti-diagonal i + j do not depend on each
other: the threads take them side by side, and wait for each other after each. Three diagonals are
enough to go on from, and stand in shared memory: 2.6 kB for clips of 216 frames in float32, so that
it does not limit how many blocks run at once. Frames are read with time as the last axis, where the
neighbours on a diagonal are neighbours in memory.

Local costs are summed up in the order of `_dtw_kernels`. The package numba-cuda, or numba's own
simulator, is imported here and nowhere else.
"""

# mypy: disallow-untyped-decorators=False

import functools
import math
import warnings
from typing import Any

import numba
import numpy as np
from numba import cuda
from numba.core.errors import NumbaPerformanceWarning

from resound.distances._clips import Array
from resound.errors import EnvironmentProblem, ParameterError

THREADS = 128
WARP = 32
DIAGONALS = 3
# What every device gives a block without being asked.
SHARED_BYTES = 48 * 1024


def check_device() -> None:
    """Raise EnvironmentProblem unless there is a GPU."""
    if not cuda.is_available():
        raise EnvironmentProblem(
            "device='cuda' finds no GPU with a working driver (see `nvidia-smi`); run it where "
            "there is one, or set device='cpu' (retrieval.distances.dtw.device)"
        )


def pairwise(queries: Array, gallery: Array, reach_down: int, reach_up: int, root: bool) -> Array:
    """Return distances (Q, N) of `queries` (Q, n, d) to `gallery` (N, m, d), of their type.

    Cell (i, j) is inside the band when `-reach_down <= j - i <= reach_up`.
    """
    if queries.shape[1] > gallery.shape[1]:  # diagonals are as long as the shorter clip
        return pairwise(gallery, queries, reach_up, reach_down, root).T
    check_length(queries)
    distances = cuda.device_array((len(queries), len(gallery)), queries.dtype)
    longest = min(queries.shape[1], (reach_down + reach_up) // 2 + 1)
    threads = min(THREADS, -(-longest // WARP) * WARP)
    shared = DIAGONALS * _width(queries.shape[1]) * queries.dtype.itemsize
    frames = (cuda.to_device(np.ascontiguousarray(c.swapaxes(1, 2))) for c in (queries, gallery))
    with warnings.catch_warnings():
        # Few pairs leave a GPU idle; who asks for few does not wait for them.
        warnings.simplefilter("ignore", NumbaPerformanceWarning)
        launch = _kernel(queries.dtype.name)[distances.size, threads, 0, shared]
        launch(distances, *frames, reach_down, reach_up, root)
    found: Array = distances.copy_to_host()
    return found


def _width(n_frames: int) -> int:
    """Return the cells of a stored diagonal: one a frame, and a border before the first."""
    return n_frames + 1


def check_length(clips: Array) -> None:
    """Raise ParameterError unless a diagonal of `clips` (N, n, d), the shorter ones, fits."""
    n_frames, most = clips.shape[1], SHARED_BYTES // (DIAGONALS * clips.dtype.itemsize) - 1
    if n_frames > most:
        raise ParameterError(
            f"clips of {n_frames} frames or more on both sides are too long for device='cuda', "
            f"which takes {most} of {clips.dtype} on one side; use device='cpu'"
        )


@functools.cache
def _kernel(dtype: str) -> Any:
    """Return the kernel for one type of numbers; it is compiled at its first launch."""
    real = getattr(numba, dtype)

    @cuda.jit
    def kernel(distances: Any, x: Any, y: Any, reach_down: int, reach_up: int, root: bool) -> None:
        """Set `distances` (Q, N) of `x` (Q, d, n) to `y` (N, d, m), a block of threads a pair."""
        q, g = cuda.blockIdx.x // len(y), cuda.blockIdx.x % len(y)
        n_dims, n, m = x.shape[1], x.shape[2], y.shape[2]
        width = n + 1
        # Row i of diagonal i + j stands at i + 1, the border before the first row at 0.
        totals = cuda.shared.array(0, real)
        for cell in range(cuda.threadIdx.x, DIAGONALS * width, cuda.blockDim.x):
            totals[cell] = math.inf
        cuda.syncthreads()
        if cuda.threadIdx.x == 0:
            totals[width] = 0  # D(-1, -1), of diagonal -2
        cuda.syncthreads()
        for diagonal in range(n + m - 1):
            here = diagonal % DIAGONALS * width
            before = (diagonal + 2) % DIAGONALS * width
            before_that = (diagonal + 1) % DIAGONALS * width
            low = max(0, diagonal - m + 1, (diagonal - reach_up + 1) // 2)
            high = min(n - 1, diagonal, (diagonal + reach_down) // 2)
            for i in range(low + cuda.threadIdx.x, high + 1, cuda.blockDim.x):
                j = diagonal - i
                difference = x[q, 0, i] - y[g, 0, j]
                cost = difference * difference
                for k in range(1, n_dims):
                    difference = x[q, k, i] - y[g, k, j]
                    cost += difference * difference
                if root:
                    cost = math.sqrt(cost)
                cheapest = min(totals[before + i], totals[before + i + 1], totals[before_that + i])
                totals[here + i + 1] = cost + cheapest
            # Both ends move on by one row at most: the row before the first one is the only cell
            # read that an older diagonal can have left there.
            if cuda.threadIdx.x == 0:
                totals[here + low] = math.inf
            cuda.syncthreads()
        if cuda.threadIdx.x == 0:
            distances[q, g] = totals[(n + m - 2) % DIAGONALS * width + n]

    return kernel
