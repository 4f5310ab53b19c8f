"""Cosine distance between clips whose frames are strung together to one vector."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numba
import numpy as np
import numpy.typing as npt

from resound.compiled.lanes import LANES
from resound.distances import _cosine_kernels
from resound.distances._clips import Array, as_clips, blocks, check_same_dims
from resound.distances._cosine_kernels import COLUMNS
from resound.errors import ParameterError, check_positive_int
from resound.pages import give_back
from resound.registry import DISTANCES

Float64 = npt.NDArray[np.float64]

# Clips a side of what is computed in one pass over the values; values of a clip that are read at a
# time; groups of the gallery in one step, whose lanes stay in a processor's second cache.
QUERY_BLOCK, GALLERY_BLOCK = 512, 2048
PASSAGE = 16 * COLUMNS
GROUPS = 8

# Below this distance 1 - cos has lost half of its digits.
NEAR = 1e-8


@DISTANCES.register("cosine", one_length=True)
def pairwise(
    queries: npt.ArrayLike,
    gallery: npt.ArrayLike,
    *,
    n_threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Float64:
    """Return 1 - <x, y> / (|x| |y|) for all queries x and gallery clips y, in float64.

    A clip of zeros has no direction: it is at 0 from another clip of zeros and at 1 from all else.
    Nearly parallel clips are compared by half the squared distance of their directions, which is
    the same value without cancellation: identical clips are at exactly 0.

    Parameters
    ----------
    queries : array_like, shape (Q, n, d)
        Frames of the queries: finite real numbers, of any unit.
    gallery : array_like, shape (N, n, d)
        Frames of the gallery clips. A memory map is read passage by passage, of all its clips in
        turns, and never held as a whole; neither is one of the queries.
    n_threads : int, optional
        Threads to use; as many as numba uses by default.
    progress : callable, optional
        Called after each block of queries with the number of queries finished so far.

    Returns
    -------
    ndarray of float64, shape (Q, N)
        Distances in [0, 2].

    Raises
    ------
    ParameterError
        If clips are empty, of different lengths or dims, not finite, or so large that their
        squared norm overflows; if `n_threads` is not a positive integer.

    Notes
    -----
    All sums run in float64, in one order that is the same for each pair
    (`resound.distances._cosine_kernels`). So the distance of a pair is the same to the last bit
    for every number of threads and however queries and gallery are split into calls; (y, x) has
    that of (x, y). A processor without fused multiply-add may differ in the last bits.

    Examples
    --------
    Clips of one frame: the same direction, at right angles, the opposite one:

    >>> query = np.array([[[1.0, 0.0]]])
    >>> gallery = np.array([[[2.0, 0.0]], [[0.0, 1.0]], [[-1.0, 0.0]]])
    >>> pairwise(query, gallery)
    array([[0., 1., 2.]])
    """
    x, y = as_clips("queries", queries), as_clips("gallery", gallery)
    check_same_dims("queries", x, "gallery", y)
    if x.shape[1] != y.shape[1]:
        raise ParameterError(
            f"queries of shape {x.shape} and gallery of shape {y.shape} differ in frames, and "
            "cosine compares clips value by value; pad or crop them to one duration, or use dtw"
        )
    n_threads = check_positive_int(
        "n_threads", numba.get_num_threads() if n_threads is None else n_threads
    )
    n_values = x.shape[1] * x.shape[2]
    x, y = (clips.reshape(len(clips), n_values) for clips in (x, y))
    distances = np.empty((len(x), len(y)))
    for rows in blocks(len(x), QUERY_BLOCK):
        for columns in blocks(len(y), GALLERY_BLOCK):
            products, x_norm, y_norm = _products(x[rows], y[columns], n_threads)
            _check_norms("queries", x_norm, rows.start)
            _check_norms("gallery", y_norm, columns.start)
            distances[rows, columns] = _distances(x[rows], y[columns], products, x_norm, y_norm)
        if progress is not None:
            progress(rows.stop)
    return distances


def _distances(x: Array, y: Array, products: Float64, x_norm: Float64, y_norm: Float64) -> Float64:
    """Return the distances of the vectors `x` (q, D) to `y` (g, D) from products and norms."""
    scale = np.outer(x_norm, y_norm)
    cosines = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)
    distances = np.clip(1.0 - cosines, 0.0, 2.0)
    distances[np.ix_(x_norm == 0, y_norm == 0)] = 0.0
    for i, j in np.argwhere((distances < NEAR) & (scale > 0)):
        gap = x[i] / x_norm[i] - y[j] / y_norm[j]
        distances[i, j] = 0.5 * np.square(gap).sum()
    return distances


def _products(x: Array, y: Array, n_threads: int) -> tuple[Float64, Float64, Float64]:
    """Return <x, y> (q, g) and the norms |x| (q,) and |y| (g,), summed in float64.

    All vectors advance together by a passage. That of `x` is put into lanes; then that of `y` comes
    along, some groups at a time in each thread.
    """
    x_groups, y_groups = (-(-len(vectors) // LANES) for vectors in (x, y))
    x_squares, y_squares = (np.zeros((n_groups, LANES)) for n_groups in (x_groups, y_groups))
    products = np.zeros((y_groups, x_groups, LANES * LANES))

    def interleave(group: slice, passage: slice, lanes: Float64) -> None:
        vectors = _copied(x[_clips_of(group), passage])
        _cosine_kernels.interleave(lanes[group.start], x_squares[group.start], vectors)

    def add_products(groups: slice, passage: slice, lanes: Float64) -> None:
        vectors = _copied(y[_clips_of(groups), passage])
        _cosine_kernels.add_products(products[groups], y_squares[groups], lanes, vectors)

    steps = (
        (interleave, list(blocks(x_groups, 1))),
        (add_products, list(blocks(y_groups, max(1, min(GROUPS, -(-y_groups // n_threads)))))),
    )
    with ThreadPoolExecutor(n_threads) as pool:
        for passage in blocks(x.shape[1], PASSAGE):
            n_parts = -(-(passage.stop - passage.start) // COLUMNS)
            lanes = np.empty((x_groups, n_parts, COLUMNS * LANES))
            for step, groups in steps:
                list(pool.map(partial(step, passage=passage, lanes=lanes), groups))
    matrices = products.reshape(y_groups, x_groups, LANES, LANES)
    by_clip = matrices.transpose(1, 2, 0, 3).reshape(x_groups * LANES, -1)
    return (
        by_clip[: len(x), : len(y)],
        np.sqrt(x_squares.ravel()[: len(x)]),
        np.sqrt(y_squares.ravel()[: len(y)]),
    )


def _clips_of(groups: slice) -> slice:
    return slice(groups.start * LANES, groups.stop * LANES)


def _copied(vectors: Array) -> Array:
    """Return a copy of `vectors` as the kernels know them, whose pages of a map are given back.

    A page may be 2 MB, however little of it is read: the vectors are read some at a time.
    """
    known = np.empty(vectors.shape, np.float32 if vectors.dtype == np.float32 else np.float64)
    for some in blocks(len(vectors), LANES):
        known[some] = vectors[some]
        give_back(vectors)
    return known


def _check_norms(name: str, norms: Float64, first: int) -> None:
    if not np.isfinite(norms).all():
        clip = first + int(np.argmin(np.isfinite(norms)))
        raise ParameterError(
            f"{name}: clip {clip} holds NaN, infinity or values whose squares overflow; "
            "validate the features of this clip"
        )
