"""Points stand for frames in the bounds: never farther apart than these, and not much nearer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resound.distances._dtw_points import as_points, principal_axes, rounding_of_squares


@st.composite
def clips(draw):
    """Draw correlated frames of few or many dims, of any scale and offset."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dims = draw(st.integers(1, 12))
    shape = (draw(st.integers(1, 20)), draw(st.integers(1, 12)), dims)
    scale = draw(st.sampled_from([1e-22, 1e-3, 1.0, 1e6]))
    mixing = rng.normal(size=(dims, dims)) * 10.0 ** -np.arange(dims)
    offset = draw(st.sampled_from([0.0, 100.0])) * rng.normal(size=dims)
    return scale * (rng.normal(size=shape) @ mixing + offset)


def squared_distances(x, y):
    differences = x[:, np.newaxis].astype(np.float64) - y[np.newaxis].astype(np.float64)
    return np.square(differences).sum(axis=-1)


@given(clips(), st.sampled_from(["float32", "float64"]))
def test_points_are_no_farther_apart_than_frames_but_for_the_stated_rounding(stack, dtype):
    stack = stack.astype(dtype)
    axes = principal_axes(stack)
    points, corners = as_points(stack, axes, dtype)
    assert points.dtype == corners.dtype == dtype
    relative, absolute = rounding_of_squares(axes, dtype)
    frames = stack.reshape(-1, stack.shape[-1])
    flat = points.reshape(len(frames), -1)
    halves = flat[:, -1].astype(np.float64)
    margin = relative * (halves[:, np.newaxis] + halves) + absolute
    excess = squared_distances(flat[:, :-1], flat[:, :-1]) - squared_distances(frames, frames)
    assert (excess <= margin).all()


def test_points_hold_most_of_the_distance_in_fewer_coordinates():
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(30, 30)) * 0.5 ** np.arange(30)
    stack = rng.normal(size=(50, 20, 30)) @ mixing.T
    axes = principal_axes(stack)
    points, _ = as_points(stack, axes, "float64")
    assert points.shape[-1] == axes.n_coordinates + 1 < 16
    x, y = stack[:, 0], points[:, 0, :-1]
    share = squared_distances(y, y).sum() / squared_distances(x, x).sum()
    assert 0.95 < share <= 1.0


@pytest.mark.parametrize("value", [0.0, 5.0])
def test_equal_frames_have_axes_too(value):
    stack = np.full((3, 4, 2), value)
    axes = principal_axes(stack)
    points, corners = as_points(stack, axes, "float32")
    np.testing.assert_allclose(points, 0.0, atol=1e-12)
    np.testing.assert_allclose(corners, 0.0, atol=1e-12)
