"""Flattened DTW: of clips whose frames are laid end to end into one sequence of numbers.

A clip (frames, dims) becomes a sequence of frames * dims numbers, and two sequences are aligned by
`resound.distances.dtw` with the absolute difference as local cost. In the order ``coefficients``
all values of the first coefficient come first, then all of the second; in the order ``frames`` the
first frame's values come first, then the second's.

The published study's "DTW" is this one, in the order ``coefficients``. A path may pair a value of
one coefficient with one of another, and moves in time for each coefficient by itself: it does not
align frames as `resound.distances.dtw` does. Its matrix has dims squared as many cells as theirs.
For features of one dim both are the same.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from resound.distances import dtw, dtw_search
from resound.distances._clips import Array, as_clips, check_same_dims
from resound.errors import check_choice
from resound.registry import DISTANCES, SEARCHES

ORDERS = ("coefficients", "frames")


def flattened(name: str, clips: npt.ArrayLike, order: str) -> Array:
    """Return clips (clips, frames, dims) as sequences (clips, frames * dims, 1).

    Parameters
    ----------
    name : str
        What the clips are, for the error.
    clips : array_like, shape (clips, frames, dims)
        Frames of the clips: real numbers.
    order : {"coefficients", "frames"}
        What is laid end to end: the courses of the coefficients, or the frames.

    Returns
    -------
    ndarray, shape (clips, frames * dims, 1)
        In the dtype of `clips`.

    Raises
    ------
    ParameterError
        For an unknown order, or what is not a stack of clips.

    Examples
    --------
    >>> clip = [[1, 10], [2, 20], [3, 30]]  # three frames of two coefficients
    >>> flattened("clips", [clip], "coefficients").ravel()
    array([ 1,  2,  3, 10, 20, 30])
    >>> flattened("clips", [clip], "frames").ravel()
    array([ 1, 10,  2, 20,  3, 30])
    """
    check_choice("order", order, ORDERS)
    stack = as_clips(name, clips)
    if order == "coefficients":
        stack = stack.transpose(0, 2, 1)
    return stack.reshape(len(stack), stack.shape[1] * stack.shape[2], 1)


@DISTANCES.register("dtw_flattened", cuda="resound.distances._dtw_cuda")
def pairwise(
    queries: npt.ArrayLike,
    gallery: npt.ArrayLike,
    *,
    order: str = "coefficients",
    band: float | None = None,
    dtype: str = "float32",
    device: str = "cpu",
    n_threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> npt.NDArray[np.floating[Any]]:
    """Return the distances of all queries to all gallery clips; see the module.

    Parameters
    ----------
    queries, gallery : array_like, shapes (Q, n, d) and (N, m, d)
        Frames of the clips: finite real numbers, of any unit. A stack is copied when it
        is put into another order.
    order : {"coefficients", "frames"}
        What is laid end to end: the courses of the coefficients, or the frames.
    band, dtype, device, n_threads, progress
        As in `resound.distances.dtw.pairwise`; `band` is a fraction of the longer sequence.

    Returns
    -------
    ndarray, shape (Q, N), of type `dtype`
        At least 0, in the unit of the frames.

    Raises
    ------
    ParameterError
        As `resound.distances.dtw.pairwise`, or for an unknown order.
    EnvironmentProblem
        As `resound.distances.dtw.pairwise`.

    Examples
    --------
    >>> query, other = [[1.0, 10.0], [2.0, 20.0]], [[1.0, 10.0], [2.0, 25.0]]
    >>> pairwise([query], [query, other])
    array([[0., 5.]], dtype=float32)
    """
    x, y = _sequences(queries, gallery, order)
    return dtw.pairwise(
        x,
        y,
        local_cost="euclidean",
        band=band,
        dtype=dtype,
        device=device,
        n_threads=n_threads,
        progress=progress,
    )


@SEARCHES.register("dtw_flattened")
def top_k(
    queries: npt.ArrayLike,
    gallery: npt.ArrayLike,
    k: int,
    *,
    order: str = "coefficients",
    band: float | None = None,
    dtype: str = "float32",
    gallery_ids: npt.ArrayLike | None = None,
    excluded: npt.ArrayLike | None = None,
    n_threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> dtw_search.TopK:
    """Return the `k` gallery clips nearest to each query, as ranking `pairwise` would.

    Parameters
    ----------
    queries, gallery : array_like, shapes (Q, n, d) and (N, m, d)
        Frames of the clips: finite real numbers, of any unit.
    k : int
        Length of the lists; it may exceed N.
    order : {"coefficients", "frames"}
        As in `pairwise`.
    gallery_ids : array_like of str, shape (N,), optional
        As in `resound.distances.dtw_search.top_k`.
    excluded : array_like of bool, shape (Q, N), optional
        As in `resound.distances.dtw_search.top_k`.
    band, dtype, n_threads, progress
        As in `pairwise`.

    Returns
    -------
    TopK
        The hits, and what it took to find them.

    Raises
    ------
    ParameterError
        As `resound.distances.dtw_search.top_k`, or for an unknown order.
    """
    x, y = _sequences(queries, gallery, order)
    return dtw_search.top_k(
        x,
        y,
        k,
        local_cost="euclidean",
        band=band,
        dtype=dtype,
        gallery_ids=gallery_ids,
        excluded=excluded,
        n_threads=n_threads,
        progress=progress,
    )


def _sequences(queries: npt.ArrayLike, gallery: npt.ArrayLike, order: str) -> tuple[Array, Array]:
    x, y = as_clips("queries", queries), as_clips("gallery", gallery)
    # Sequences of clips of other dims would be of one dim each, and pass for comparable.
    check_same_dims("queries", x, "gallery", y)
    return flattened("queries", x, order), flattened("gallery", y, order)
