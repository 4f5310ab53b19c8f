"""Frames as points of few coordinates, no two of which are farther apart than their frames.

The frames of a gallery are turned into its principal axes, and those axes that hold little of the
variance are replaced by one coordinate, the norm of what they hold: | |u| - |v| | <= |u - v|. A
bound of distances between points is one of distances between frames, for a part of the work.
"""

# mypy: disallow-untyped-decorators=False

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from resound.compiled.cache import kernel
from resound.distances._clips import Array

# Of the variance; what is left costs the bounds less than a coordinate costs time: measured.
SHARE_OF_AXES = 0.97

_SIGNATURES = [
    f"void({real}[:,:,::1], {real}[:,::1], Array({real}, 3, 'A', readonly=True), "
    "float64[::1], float64[:,::1], int64)"
    for real in ("float32", "float64")
]


class Axes(NamedTuple):
    """Principal axes.

    Attributes
    ----------
    mean : ndarray of float64, shape (d,)
        Of the frames.
    directions : ndarray of float64, shape (d, d)
        Orthonormal columns, by descending variance of the frames along them.
    kept : int
        How many of them are coordinates of a point; if fewer than d, the norm along the others is
        one more.
    """

    mean: npt.NDArray[np.float64]
    directions: npt.NDArray[np.float64]
    kept: int

    @property
    def n_coordinates(self) -> int:
        """Return the number of coordinates of a point."""
        return min(self.kept + 1, len(self.mean))


def principal_axes(clips: Array) -> Axes:
    """Return the principal axes of all frames of `clips` (N, frames, d), which are finite."""
    frames = clips.reshape(-1, clips.shape[-1]).astype(np.float64)
    peak = np.abs(frames).max()
    scaled = frames / (peak if peak > 0 else 1.0)  # so that no square overflows
    mean = scaled.mean(axis=0)
    variances, directions = np.linalg.eigh((scaled - mean).T @ (scaled - mean))
    variances, directions = variances[::-1], directions[:, ::-1]
    missing = 1 - np.cumsum(variances) / max(variances.sum(), np.finfo(float).tiny)
    kept = 1 + int(np.count_nonzero(missing > 1 - SHARE_OF_AXES))
    return Axes(mean * peak, directions, min(kept, len(mean)))


def as_points(clips: Array, axes: Axes, dtype: str) -> tuple[Array, Array]:
    """Return the points of `clips` (N, frames, d) and what the kernels of bounds ask of them.

    Returns
    -------
    points : ndarray, shape (N, frames, p + 1)
        p coordinates and half their squared norm.
    corners : ndarray, shape (N, 2 p + 1)
        Of each clip the smallest values of the coordinates, the largest ones, the largest half.
    """
    n_clips, n_frames = clips.shape[:2]
    points = np.empty((n_clips, n_frames, axes.n_coordinates + 1), dtype)
    corners = np.empty((n_clips, 2 * axes.n_coordinates + 1), dtype)
    directions = np.ascontiguousarray(axes.directions.T)
    _set_points(points, corners, clips.astype(dtype, copy=False), axes.mean, directions, axes.kept)
    return points, corners


@kernel(_SIGNATURES, parallel=True)
def _set_points(
    points: Array, corners: Array, clips: Array, mean: Array, directions: Array, kept: int
) -> None:
    """Set `points` and `corners` of `clips`; a row of `directions` (d, d) is one of them.

    Where a square overflows, the largest half of a norm is infinite, and nothing is bounded by it.
    """
    n_dims = clips.shape[2]
    p = points.shape[2] - 1
    for clip in numba.prange(len(clips)):
        moved = np.empty(n_dims, np.float64)
        point = np.empty(p, np.float64)
        corners[clip, :p] = np.inf
        corners[clip, p:] = -np.inf
        for t in range(clips.shape[1]):
            for k in range(n_dims):
                moved[k] = clips[clip, t, k] - mean[k]
            rest = 0.0
            for axis in range(n_dims):
                along = 0.0
                for k in range(n_dims):
                    along += moved[k] * directions[axis, k]
                if axis < kept:
                    point[axis] = along
                else:
                    rest += along * along
            if kept < p:
                point[kept] = np.sqrt(rest)
            half = 0.0
            for k in range(p):
                half += point[k] * point[k] / 2
                points[clip, t, k] = point[k]
                corners[clip, k] = min(corners[clip, k], points[clip, t, k])
                corners[clip, p + k] = max(corners[clip, p + k], points[clip, t, k])
            points[clip, t, p] = half
            if not points[clip, t, p] <= corners[clip, 2 * p]:  # NaN too
                corners[clip, 2 * p] = points[clip, t, p] if half < np.inf else np.inf


def rounding_of_squares(axes: Axes, dtype: str) -> tuple[Any, Any]:
    """Return by how much rounding may make a squared distance of points too large.

    Let S = |x| + |y|. A point is turned in float64 and rounded, so it is off by less than eps |x|
    in float32, and by less than (d + 4)^1.5 eps |x| in float64: the square of the distance by twice
    that times S^2. The square itself is a sum of at most p + 4 roundings of eps S^2 / 2 in either
    form, (x - y)^2 or |x|^2 / 2 + |y|^2 / 2 - <x, y>, or of less than the smallest normal number
    where products underflow. S^2 <= 4 (|x|^2 / 2 + |y|^2 / 2).

    Returns
    -------
    tuple of two floats
        Factor of |x|^2 / 2 + |y|^2 / 2, and what comes to it.
    """
    real = np.finfo(dtype)
    off = 1.0 if dtype == "float32" else (len(axes.mean) + 4) ** 1.5
    roundings = axes.n_coordinates + 4
    return 4 * (2 * off + roundings) * float(real.eps), 4 * roundings * float(real.tiny)
