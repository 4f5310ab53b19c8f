"""Coarse DTW over boxes, and what it says of distances, against plain loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resound.distances._dtw_coarse_kernels import coarse_distances, coarser
from resound.distances._dtw_inputs import interleave, reach
from resound.distances._dtw_points import principal_axes, rounding_of_squares
from resound.distances.dtw import pairwise
from resound.distances.dtw_search import HALVINGS, _Forms, _halved
from tests.examples import examples


@st.composite
def clips(draw):
    """Draw two stacks of 3 and 5 clips: noise, walks, constant clips, of any scale and offset."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dims = draw(st.integers(1, 6))
    lengths = draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    scale = draw(st.sampled_from([1e-22, 1.0, 1e6]))
    offset = draw(st.sampled_from([0.0, 100.0]))
    stacks = [rng.normal(size=(size, n, dims)) for size, n in zip((3, 5), lengths, strict=True)]
    if draw(st.booleans()):
        stacks = [np.cumsum(stack, axis=1) for stack in stacks]
    stacks[1][0] = stacks[1][0, :1]
    return [scale * (stack + offset) for stack in stacks]


def naive_boxes(points, length):
    """Return lows and highs of segments of `length`, a power of two; the last has the rest."""
    boxes = [(point, point) for point in points]
    while length > 1:
        n = max(1, len(boxes) // 2)
        parts = [boxes[2 * i : 2 * i + 2 if i + 1 < n else None] for i in range(n)]
        boxes = [
            (np.min([low for low, _ in part], axis=0), np.max([high for _, high in part], axis=0))
            for part in parts
        ]
        length //= 2
    return boxes


def naive_dtw(costs, down, up):
    n, m = costs.shape
    total = np.full((n + 1, m + 1), np.inf)
    total[0, 0] = 0.0
    for i in range(n):
        for j in range(max(0, i - down), min(m, i + up + 1)):
            total[i + 1, j + 1] = costs[i, j] + min(total[i, j + 1], total[i + 1, j], total[i, j])
    return total[n, m]


def coarse(queries, gallery, dtype, band, root):
    """Return the kernel's distances of boxes of eight frames, and both stacks' forms."""
    axes = principal_axes(gallery)
    x = _Forms.of(queries, axes, from_the_end=False)
    y = _Forms.of(gallery, axes, from_the_end=True)
    reaches = reach(queries.shape[1], gallery.shape[1], band)
    for _ in range(HALVINGS):
        reaches = coarser(reaches[0]), coarser(reaches[1])
    halves = interleave(y.halves[:, np.newaxis, np.newaxis])[:, 0, 0]
    precision = np.array([1.0, *rounding_of_squares(axes, dtype)], dtype)
    boxes = interleave(y.boxes_of_8)
    found = coarse_distances(x.boxes_of_8, x.halves, boxes, halves, precision, *reaches, root)
    return found[:, : len(gallery)], x, y, reaches, precision


@examples(times=2)
@given(
    clips(),
    st.sampled_from(["euclidean", "squared"]),
    st.none() | st.floats(0.0, 1.0),
    st.sampled_from(["float32", "float64"]),
)
def test_eight_times_the_coarse_distance_bounds_the_distance(stacks, local_cost, band, dtype):
    queries, gallery = (stack.astype(dtype) for stack in stacks)
    if max(queries.shape[1], gallery.shape[1]) < 8:
        return
    found, *_ = coarse(queries, gallery, dtype, band, local_cost == "euclidean")
    distances = pairwise(queries, gallery, local_cost=local_cost, band=band, dtype=dtype)
    assert (8 * found <= distances * (1 + 400 * np.finfo(dtype).eps)).all()


@given(clips(), st.booleans(), st.none() | st.floats(0.0, 1.0))
def test_coarse_distances_are_those_of_plain_loops(stacks, root, band):
    queries, gallery = (stack.astype(np.float64) for stack in stacks)
    found, x, y, reaches, precision = coarse(queries, gallery, "float64", band, root)
    p = x.boxes_of_8.shape[2] // 2
    for q in range(len(queries)):
        for g in range(len(gallery)):
            margin = (x.halves[q] + y.halves[g]) * precision[1] + precision[2]
            a, b = x.boxes_of_8[q][:, np.newaxis], y.boxes_of_8[g]
            gaps = np.maximum(np.maximum(a[..., :p] - b[:, p:], b[:, :p] - a[..., p:]), 0.0)
            costs = np.maximum(np.square(gaps).sum(axis=-1) - margin, 0.0)
            expected = naive_dtw(np.sqrt(costs) if root else costs, *reaches)
            # A square next to the margin is rounding alone, of which the root is up to this.
            rest = 3 * len(a) * len(b) * (np.sqrt(margin) if root else margin)
            np.testing.assert_allclose(found[q, g], expected, rtol=1e-9, atol=rest)


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_boxes_are_those_around_the_frames(n, seed):
    points = np.random.default_rng(seed).normal(size=(n, 3))
    boxes = np.concatenate([points, points], axis=1)[np.newaxis]
    for length in (2, 4, 8):
        boxes = _halved(boxes)
        expected = [np.concatenate(box) for box in naive_boxes(points, length)]
        np.testing.assert_array_equal(boxes[0], expected)


def test_the_bound_is_tight_for_clips_that_hold_still():
    """Each frame stands for eight of them: boxes are points, and nothing is lost."""
    rng = np.random.default_rng(0)
    queries, gallery = (np.repeat(rng.normal(size=(4, 9, 2)), 8, axis=1) for _ in range(2))
    found, *_ = coarse(queries, gallery, "float64", None, True)
    np.testing.assert_allclose(8 * found, pairwise(queries, gallery, dtype="float64"), rtol=1e-6)


@pytest.mark.parametrize("reach_now", range(9))
def test_a_coarser_band_holds_all_segments_that_the_band_meets(reach_now):
    """The last segment may be of three frames."""
    segment = np.minimum(np.arange(13) // 2, 5)
    steps = [segment[j] - segment[i] for i in range(13) for j in range(13) if j - i <= reach_now]
    assert max(steps) <= coarser(reach_now)
