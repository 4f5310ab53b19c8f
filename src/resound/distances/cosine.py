"""Cosine distance between clips whose frames are strung together to one vector."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

from resound.distances._clips import Array, as_clips, blocks, check_same_dims
from resound.errors import ParameterError, check_positive_int
from resound.registry import DISTANCES

Float64 = npt.NDArray[np.float64]

# Every product that BLAS is given has these sizes: QUERY_TILE and GALLERY_TILE clips by COLUMNS
# values. QUERY_BLOCK queries share one pass over the gallery.
QUERY_TILE, GALLERY_TILE, COLUMNS = 64, 256, 2048
QUERY_BLOCK = 4 * QUERY_TILE

# Below this distance 1 - cos has lost half of its digits.
NEAR = 1e-8


@DISTANCES.register("cosine")
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
        Frames of the queries.
    gallery : array_like, shape (N, n, d)
        Frames of the gallery clips. A memory map is read in blocks and never held as a whole.
    n_threads : int, optional
        Tiles to compute at a time; by default as many as BLAS is set to use threads.
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
    All sums run in float64 over tiles of one fixed size, padded with zeros, each on one thread.
    So the distance of a pair is the same to the last bit for every number of threads and however
    queries and gallery are split into calls, where BLAS sums each element of a product in the
    same order; OpenBLAS does. Another BLAS or processor may differ in the last bits.
    """
    x, y = as_clips("queries", queries), as_clips("gallery", gallery)
    check_same_dims("queries", x, "gallery", y)
    if x.shape[1] != y.shape[1]:
        raise ParameterError(
            f"queries of shape {x.shape} and gallery of shape {y.shape} differ in frames, and "
            "cosine compares clips value by value; pad or crop them to one duration, or use dtw"
        )
    if n_threads is None:
        n_threads = _blas_threads()
    check_positive_int("n_threads", n_threads)
    distances = np.empty((len(x), len(y)))

    def fill(rows: slice, columns: slice) -> None:
        u, v = (clips.reshape(len(clips), -1) for clips in (x[rows], y[columns]))
        distances[rows, columns] = _block(u, v, rows.start, columns.start)

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(n_threads) as pool:
        for rows in blocks(len(x), QUERY_BLOCK):
            list(pool.map(partial(fill, rows), blocks(len(y), GALLERY_TILE)))
            if progress is not None:
                progress(rows.stop)
    return distances


def _blas_threads() -> int:
    blas = [library for library in threadpool_info() if library["user_api"] == "blas"]
    return max((int(library["num_threads"]) for library in blas), default=1)


def _block(x: Array, y: Array, first_query: int, first_clip: int) -> Float64:
    """Return the distances of the vectors `x` (q, D) to `y` (g, D), at most one gallery tile."""
    with np.errstate(over="ignore", invalid="ignore"):  # found and named below
        products, x_norm, y_norm = _products(x, y)
    _check_norms("queries", x_norm, first_query)
    _check_norms("gallery", y_norm, first_clip)
    scale = np.outer(x_norm, y_norm)
    cosines = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)
    distances = np.clip(1.0 - cosines, 0.0, 2.0)
    distances[np.ix_(x_norm == 0, y_norm == 0)] = 0.0
    for i, j in np.argwhere((distances < NEAR) & (scale > 0)):
        gap = x[i] / x_norm[i] - y[j] / y_norm[j]
        distances[i, j] = 0.5 * np.square(gap).sum()
    return distances


def _products(x: Array, y: Array) -> tuple[Float64, Float64, Float64]:
    """Return <x, y> (q, g) and the norms |x| (q,) and |y| (g,), summed in float64."""
    n_tiles = -(-len(x) // QUERY_TILE)
    products = np.zeros((n_tiles, QUERY_TILE, GALLERY_TILE))
    x_squares, y_squares = np.zeros(n_tiles * QUERY_TILE), np.zeros(GALLERY_TILE)
    for columns in blocks(x.shape[1], COLUMNS):
        u = _padded(x[:, columns], n_tiles * QUERY_TILE)
        v = _padded(y[:, columns], GALLERY_TILE)
        products += u.reshape(n_tiles, QUERY_TILE, -1) @ v.T
        x_squares += np.einsum("ij,ij->i", u, u)
        y_squares += np.einsum("ij,ij->i", v, v)
    return (
        products.reshape(-1, GALLERY_TILE)[: len(x), : len(y)],
        np.sqrt(x_squares[: len(x)]),
        np.sqrt(y_squares[: len(y)]),
    )


def _padded(vectors: Array, n_rows: int) -> Float64:
    padded = np.zeros((n_rows, vectors.shape[1]))
    padded[: len(vectors)] = vectors
    return padded


def _check_norms(name: str, norms: Float64, first: int) -> None:
    if not np.isfinite(norms).all():
        clip = first + int(np.argmin(np.isfinite(norms)))
        raise ParameterError(
            f"{name}: clip {clip} holds NaN, infinity or values whose squares overflow; "
            "validate the features of this clip"
        )
