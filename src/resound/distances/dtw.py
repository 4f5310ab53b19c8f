"""Dynamic time warping between clips: exact, in parallel, with the local cost and band of choice.

The distance of two clips x (n frames) and y (m frames) is D(n - 1, m - 1) of

    D(i, j) = d(x_i, y_j) + min(D(i - 1, j), D(i, j - 1), D(i - 1, j - 1)),   D(-1, -1) = 0,

the smallest sum of local costs over all paths from the first pair of frames to the last one
(Sakoe and Chiba, "Dynamic programming algorithm optimization for spoken word recognition", IEEE
Trans. ASSP 26(1), 1978, with all three steps of weight 1). The sum is not divided by the length of
the path, nor is a root taken of it.

Local costs of two frames
    ``euclidean``: the Euclidean distance |x_i - y_j|; ``squared``: its square; ``cosine``:
    1 - <x_i, y_j> / (|x_i| |y_j|), where a frame of zeros is at 0 from another one and at 1 from
    all else.

Band
    ``band`` is a fraction of the longer clip: r = round(band * max(n, m)) frames. A path may use
    the cells with -r - max(0, n - m) <= j - i <= r + max(0, m - n), that is, r frames to either
    side of the strip between the two diagonals that start at the first and end at the last cell.
    So a path exists for every band: 0.0 leaves the diagonal of equally long clips, and 1.0 is the
    same as None, no band.

Other libraries
    librosa.sequence.dtw: the same distance by default (``metric="euclidean"``; ``"cosine"`` has no
    policy for zero frames); its ``band_rad`` is a fraction of the shorter clip and leaves the
    outermost diagonal out, so that its R frames are our r = R - 1. dtaidistance: local cost is the
    squared distance and the root of the sum is returned, ``sqrt(dtw(..., "squared"))``;
    its ``window`` is in frames, again r + 1. tslearn and aeon: squared cost too, with the root
    (tslearn) and without it (aeon), and other bands for unequal lengths.
"""

import importlib.util
import itertools
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from resound.distances import _dtw_kernels
from resound.distances._clips import Array, check_frames, check_same_dims, stacks
from resound.distances._dtw_inputs import in_blocks, interleave, reach
from resound.errors import EnvironmentProblem, ParameterError, check_choice
from resound.registry import DISTANCES

LOCAL_COSTS = ("euclidean", "squared", "cosine")
DTYPES = ("float32", "float64")
DEVICES = ("cpu", "cuda")


def dtw(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    local_cost: str = "euclidean",
    band: float | None = None,
    dtype: str = "float32",
) -> float:
    """Return the DTW distance of two clips; see the module for the definition.

    Parameters
    ----------
    x : array_like, shape (n, d)
        Frames of one clip: finite real numbers, of any unit.
    y : array_like, shape (m, d)
        Frames of the other clip; n and m may differ.
    local_cost : {"euclidean", "squared", "cosine"}
        Distance of two frames.
    band : float in [0, 1], optional
        Sakoe-Chiba band as a fraction of the longer clip; none by default.
    dtype : {"float32", "float64"}
        Precision of the computation, to which the frames are rounded first. With float32 the
        relative error grows with the length of the path: about 1e-6 at 200 frames a clip.

    Returns
    -------
    float
        At least 0, in the unit of the frames for ``"euclidean"``; the same for (y, x), to the last
        bit.

    Raises
    ------
    ParameterError
        If a clip is empty or not finite, the dims differ, or an option is out of its range.

    Examples
    --------
    The second clip holds its first frame for longer, which costs nothing; its last frame is 2 away:

    >>> dtw([[0.0], [1.0], [5.0]], [[0.0], [0.0], [1.0], [3.0]])
    2.0
    """
    frames = [np.asarray(x), np.asarray(y)]
    for name, clip in zip("xy", frames, strict=True):
        if clip.ndim != 2:
            raise ParameterError(
                f"{name} of shape {clip.shape} must be one clip (frames, dims); "
                "many clips go to `pairwise`, a one-dimensional series is series[:, np.newaxis]"
            )
        check_frames(name, clip)
    check_same_dims("x", frames[0], "y", frames[1])
    distances = pairwise(
        frames[0][np.newaxis],
        frames[1][np.newaxis],
        local_cost=local_cost,
        band=band,
        dtype=dtype,
    )
    return float(distances[0, 0])


@DISTANCES.register("dtw", cuda="resound.distances._dtw_cuda")
def pairwise(
    queries: Any,
    gallery: Any,
    *,
    local_cost: str = "euclidean",
    band: float | None = None,
    dtype: str = "float32",
    device: str = "cpu",
    n_threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> npt.NDArray[np.floating[Any]]:
    """Return the DTW distances of all queries to all gallery clips; see the module.

    Parameters
    ----------
    queries : array_like, shape (Q, n, d), or sequence of Q array_like, shapes (n, d)
        Frames of the queries: finite real numbers, of any unit. In a sequence each n is its own.
    gallery : array_like, shape (N, m, d), or sequence of N array_like, shapes (m, d)
        Frames of the gallery clips, in the same way. A memory map is read in blocks and never held
        as a whole.
    local_cost, band, dtype
        As in `dtw`.
    device : {"cpu", "cuda"}
        Where to compute. With ``"cuda"``, an NVIDIA GPU and the extra ``cuda`` of this package, the
        distances are those of the CPU within 1e-4 of their value, and `n_threads` means nothing.
    n_threads : int, optional
        Threads to use, at most as many as numba started (``NUMBA_NUM_THREADS``, by default one a
        core); numba's current number by default. It is put back after the call.
    progress : callable, optional
        Called after each block of queries with the number of queries finished so far.

    Returns
    -------
    ndarray, shape (Q, N), of type `dtype`
        The distance of each pair, at least 0: to the last bit the same for every number of threads
        and however queries and gallery are split into calls.

    Raises
    ------
    ParameterError
        As `dtw`, if `n_threads` is not a positive integer, or if clips of more than 4095 frames
        (2047 in float64) are to meet as long ones on a GPU.
    EnvironmentProblem
        If `device` is ``"cuda"`` and there is no GPU, or nothing to speak to it with.

    Examples
    --------
    >>> query = np.array([[[0.0], [1.0], [5.0]]])
    >>> gallery = np.array([[[0.0], [1.0], [5.0]], [[0.0], [1.0], [3.0]]])
    >>> pairwise(query, gallery)
    array([[0., 2.]], dtype=float32)

    Clips of any lengths stand in a list:

    >>> pairwise([[[0.0], [5.0]]], [[[0.0], [5.0], [5.0]], [[1.0]]])
    array([[0., 5.]], dtype=float32)
    """
    check_choice("local_cost", local_cost, LOCAL_COSTS)
    check_choice("dtype", dtype, DTYPES)
    x_stacks, y_stacks = stacks("queries", queries), stacks("gallery", gallery)
    for (_, x), (_, y) in itertools.product(x_stacks, y_stacks):
        check_same_dims("queries", x, "gallery", y)
    kernel = _kernel(device)

    def of_stacks(x: Array, y: Array, tell: Callable[[int], None] | None) -> Array:
        band_reach = reach(x.shape[1], y.shape[1], band)
        return in_blocks(
            x,
            y,
            lambda frames, clips: kernel(frames, clips, *band_reach, local_cost == "euclidean"),
            local_cost=local_cost,
            dtype=dtype,
            n_threads=n_threads,
            progress=tell,
        )

    if len(x_stacks) == len(y_stacks) == 1:
        return of_stacks(x_stacks[0][1], y_stacks[0][1], progress)
    distances = np.empty([sum(len(p) for p, _ in side) for side in (x_stacks, y_stacks)], dtype)
    finished = 0
    for rows, x in x_stacks:
        for columns, y in y_stacks:
            distances[np.ix_(rows, columns)] = of_stacks(x, y, None)
        finished += len(rows)
        if progress is not None:
            progress(finished)
    return distances


def _kernel(device: str) -> Callable[..., Array]:
    """Return what computes the distances of two blocks of clips on `device`."""
    if check_choice("device", device, DEVICES) == "cpu":
        return _on_cpu
    if not (numba.config.ENABLE_CUDASIM or importlib.util.find_spec("numba_cuda")):
        raise EnvironmentProblem(
            "device='cuda' needs the package numba-cuda; install it with "
            "`python -m pip install -c envs/constraints.txt -e '.[cuda]'`, or set device='cpu' "
            "(retrieval.distances.dtw.device)"
        )
    # By its name: an import statement would make it part of what decides the CPU's distances.
    cuda = importlib.import_module(DISTANCES.entry("dtw").traits[device])
    cuda.check_device()
    kernel: Callable[..., Array] = cuda.pairwise
    return kernel


def _on_cpu(queries: Array, gallery: Array, reach_down: int, reach_up: int, root: bool) -> Array:
    lanes = interleave(gallery)
    found: Array = _dtw_kernels.pairwise(queries, lanes, reach_down, reach_up, root)
    return found.reshape(len(queries), -1)[:, : len(gallery)]
