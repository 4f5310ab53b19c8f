"""Stacks of clips: the checks that all distances share, and blocks to work through them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from resound.errors import ParameterError

Array = npt.NDArray[Any]


def as_clips(name: str, values: npt.ArrayLike) -> Array:
    """Return `values` as real numbers (clips, frames, dims) without copying a memory map.

    Raises
    ------
    ParameterError
        If `values` are not three-dimensional real numbers, or have no frames or no dims.
    """
    clips = np.asarray(values)
    if clips.ndim != 3 or clips.dtype.kind not in "fiu":
        raise ParameterError(
            f"{name} of shape {clips.shape} and type {clips.dtype} must be real numbers "
            "(clips, frames, dims); one clip alone is clip[np.newaxis]"
        )
    check_frames(name, clips)
    return clips


def stacks(name: str, values: Any) -> list[tuple[npt.NDArray[np.intp], Array]]:
    """Return clips of several lengths as stacks of one length each, with their positions.

    Parameters
    ----------
    name : str
        What the clips are, for the error.
    values : array_like, shape (clips, frames, dims), or list of array_like, shapes (frames, dims)
        The clips. An array stays as it is.

    Returns
    -------
    list of (ndarray, shape (n,), and ndarray, shape (n, frames, dims))
        By ascending length.

    Raises
    ------
    ParameterError
        As `as_clips`.
    """
    if not isinstance(values, list | tuple) or not values:
        clips = as_clips(name, values)
        return [(np.arange(len(clips)), clips)]
    arrays = [np.asarray(clip) for clip in values]
    lengths = [clip.shape[:1] for clip in arrays]
    found = []
    for length in sorted(set(lengths)):
        positions = np.flatnonzero([own == length for own in lengths])
        if len({arrays[i].shape for i in positions}) > 1:
            raise ParameterError(
                f"{name} of shapes {sorted({clip.shape for clip in arrays})} must have frames of "
                "the same dims; compare clips of one feature and setting"
            )
        found.append((positions, as_clips(name, np.stack([arrays[i] for i in positions]))))
    return found


def check_frames(name: str, frames: Array) -> None:
    """Raise ParameterError unless `frames` (..., frames, dims) has a frame and a dimension."""
    if 0 in frames.shape[-2:]:
        raise ParameterError(
            f"{name} of shape {frames.shape} is empty: a clip needs at least one frame of one "
            "dimension; leave empty clips out"
        )


def check_same_dims(x_name: str, x: Array, y_name: str, y: Array) -> None:
    """Raise ParameterError unless the frames of `x` and `y` have the same number of dims."""
    if x.shape[-1] != y.shape[-1]:
        raise ParameterError(
            f"{x_name} of shape {x.shape} and {y_name} of shape {y.shape} have frames of "
            f"{x.shape[-1]} and {y.shape[-1]} dims; compare clips of one feature and setting"
        )


def blocks(length: int, size: int) -> Iterator[slice]:
    """Yield slices of at most `size` that cover `range(length)` in order."""
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))
