"""Inputs of the DTW kernels: points in blocks and lanes, the band in frames, threads."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np

from resound.compiled.lanes import LANES
from resound.distances._clips import Array, blocks
from resound.errors import ParameterError, check_positive_int, is_real

GALLERY_BLOCK_BYTES = 2**26
QUERY_BLOCK = 32


def in_blocks(
    x: Array,
    y: Array,
    compute: Callable[[Array, Array], Array],
    *,
    local_cost: str,
    dtype: str,
    n_threads: int | None,
    progress: Callable[[int], None] | None,
) -> Array:
    """Return what `compute` makes of all pairs of clips, (Q, N), a block of frames at a time.

    `x` (Q, n, d) and `y` (N, m, d) may be memory maps; `compute` takes a block of either as
    `as_frames` returns it, and returns (block of x, block of y). `progress` is called with the
    number of queries that are finished.
    """
    distances = np.empty((len(x), len(y)), dtype)
    with numba_threads(n_threads):
        for rows in blocks(len(x), QUERY_BLOCK):
            frames = as_frames("queries", x, rows, local_cost, dtype)
            for columns in blocks(len(y), gallery_block(y, dtype)):
                clips = as_frames("gallery", y, columns, local_cost, dtype)
                distances[rows, columns] = compute(frames, clips)
            check_no_overflow(distances[rows], dtype)
            if progress is not None:
                progress(rows.stop)
    return distances


def reach(n: int, m: int, band: Any) -> tuple[int, int]:
    """Return how far below and above the main diagonal the band reaches, in frames."""
    if band is None:
        band = 1.0
    if not is_real(band) or not 0 <= band <= 1:
        raise ParameterError(
            f"band={band!r} must be None or a fraction of the longer clip, from 0 to 1"
        )
    radius = round(float(band) * max(n, m))
    return radius + max(0, n - m), radius + max(0, m - n)


def gallery_block(gallery: Array, dtype: str) -> int:
    """Return how many clips make a block of about `GALLERY_BLOCK_BYTES`, in full lanes."""
    clip_bytes = gallery.shape[1] * gallery.shape[2] * np.dtype(dtype).itemsize
    return max(LANES, int(GALLERY_BLOCK_BYTES // clip_bytes) // LANES * LANES)


def as_frames(name: str, clips: Array, block: slice, local_cost: str, dtype: str) -> Array:
    """Return a block of `clips` as finite, contiguous frames of `dtype`, (clips, frames, d)."""
    frames = clips[block]
    with np.errstate(over="ignore", invalid="ignore"):  # found and named below
        if local_cost == "cosine":
            frames = _embed_directions(frames.astype(np.float64))
        # The kernels' signatures have no read-only arrays: a view of a memory map is copied.
        points: Array = np.require(frames, dtype, ["C", "W"])
    finite = np.isfinite(points).all(axis=(1, 2))
    if not finite.all():
        clip = range(len(clips))[block][int(np.argmin(finite))]
        raise ParameterError(
            f"{name}: clip {clip} holds NaN, infinity or values beyond {dtype}; "
            "validate the features of this clip"
        )
    return points


def interleave(points: Array) -> Array:
    """Return (clips, frames, d) as (blocks, frames, d, LANES), the last block filled with zeros."""
    n_blocks = -(-len(points) // LANES)
    padded = np.zeros((n_blocks * LANES, *points.shape[1:]), points.dtype)
    padded[: len(points)] = points
    return np.ascontiguousarray(
        np.moveaxis(padded.reshape(n_blocks, LANES, *points.shape[1:]), 1, -1)
    )


def _embed_directions(frames: Array) -> Array:
    """Return points (clips, frames, d + 1) whose squared distances are the cosine distances.

    Half the squared distance of two unit vectors is 1 - cos, without its cancellation. Frames of
    zeros stand on an axis of their own, at right angles to all others.
    """
    peak = np.abs(frames).max(axis=-1, keepdims=True)
    silent = peak == 0
    scaled = frames / np.where(silent, 1.0, peak)
    norm = np.sqrt(np.square(scaled).sum(axis=-1, keepdims=True))
    directions = scaled / np.where(silent, 1.0, norm)
    points: Array = np.concatenate([directions, silent], axis=-1) * np.sqrt(0.5)
    return points


def check_no_overflow(distances: Array, dtype: str) -> None:
    """Raise ParameterError if one of `distances` is not finite."""
    if not np.isfinite(distances).all():
        raise ParameterError(
            f"the frames are too large for dtype={dtype!r}: a distance overflows; "
            "scale the features, or use dtype='float64'"
        )


@contextlib.contextmanager
def numba_threads(n_threads: int | None) -> Iterator[None]:
    """Let numba use at most `n_threads` threads inside the context, and as many as before after."""
    before = numba.get_num_threads()
    if n_threads is not None:
        limit = numba.config.NUMBA_NUM_THREADS
        numba.set_num_threads(min(check_positive_int("n_threads", n_threads), limit))
    try:
        yield
    finally:
        numba.set_num_threads(before)
