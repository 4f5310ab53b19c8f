"""DTW against plain float64 programs: the recurrence, and all paths of tiny clips."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from resound.distances.dtw import DTYPES, LOCAL_COSTS, dtw
from tests.examples import examples

EPS = {"float32": np.finfo(np.float32).eps, "float64": np.finfo(np.float64).eps}


def local_costs(x, y, local_cost):
    if local_cost != "cosine":
        return cdist(x, y, {"squared": "sqeuclidean"}.get(local_cost, local_cost))
    costs = np.empty((len(x), len(y)))
    for i, j in np.ndindex(costs.shape):
        norm = np.linalg.norm(x[i]) * np.linalg.norm(y[j])
        same_zeros = not x[i].any() and not y[j].any()
        costs[i, j] = 1 - (x[i] @ y[j] / norm if norm else float(same_zeros))
    return costs


def inside_band(n, m, band):
    radius = round((1.0 if band is None else band) * max(n, m))
    offset = np.arange(m) - np.arange(n)[:, np.newaxis]
    return (offset >= -radius - max(0, n - m)) & (offset <= radius + max(0, m - n))


def plain_dtw(x, y, local_cost, band):
    costs = np.where(inside_band(len(x), len(y), band), local_costs(x, y, local_cost), np.inf)
    total = np.full((len(x) + 1, len(y) + 1), np.inf)
    total[0, 0] = 0.0
    for i, j in np.ndindex(costs.shape):
        total[i + 1, j + 1] = costs[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    return total[-1, -1]


def all_paths(n, m):
    if n == 1 and m == 1:
        return [[(0, 0)]]
    before = [(n - 1, m), (n, m - 1), (n - 1, m - 1)]
    return [[*p, (n - 1, m - 1)] for a, b in before if a and b for p in all_paths(a, b)]


def tolerance(x, y, local_cost, dtype):
    """The stated 1e-5, and for cosine the rounding of unit frames, some eps for each cell."""
    relative = 1e-5 if dtype == "float32" else 1e-12
    rounding = 4 * EPS[dtype] * (len(x) + len(y)) if local_cost == "cosine" else 0.0
    return {"rel": relative, "abs": float(max(rounding, 1e-12))}


@st.composite
def pairs(draw, longest=40):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dims = draw(st.integers(1, 19))
    clips = [
        rng.normal(size=(draw(st.integers(1, longest)), dims)).astype(np.float32) for _ in range(2)
    ]
    if draw(st.booleans()):  # walks: their paths leave the diagonal, and the band counts
        clips = [np.cumsum(clip, axis=0) for clip in clips]
    if draw(st.booleans()):
        for clip in clips:
            clip[rng.random(len(clip)) < 0.3] = 0.0
    return clips


bands = st.none() | st.floats(0.0, 0.2) | st.floats(0.0, 1.0)


@examples(times=3)
@given(pairs(), st.sampled_from(LOCAL_COSTS), bands, st.sampled_from(DTYPES))
def test_equals_the_plain_recurrence(pair, local_cost, band, dtype):
    x, y = (clip.astype(np.float64) for clip in pair)
    expected = plain_dtw(x, y, local_cost, band)
    found = dtw(*pair, local_cost=local_cost, band=band, dtype=dtype)
    assert found == pytest.approx(expected, **tolerance(x, y, local_cost, dtype))


@examples(times=0.5)
@given(pairs(longest=5), st.sampled_from(LOCAL_COSTS), bands)
def test_equals_the_cheapest_of_all_paths(pair, local_cost, band):
    x, y = (clip.astype(np.float64) for clip in pair)
    costs = np.where(inside_band(len(x), len(y), band), local_costs(x, y, local_cost), np.inf)
    cheapest = min(sum(costs[cell] for cell in path) for path in all_paths(len(x), len(y)))
    found = dtw(x, y, local_cost=local_cost, band=band, dtype="float64")
    assert found == pytest.approx(cheapest, **tolerance(x, y, local_cost, "float64"))


@given(pairs(), st.sampled_from(LOCAL_COSTS), bands, st.sampled_from(DTYPES))
def test_is_symmetric_to_the_last_bit(pair, local_cost, band, dtype):
    options = {"local_cost": local_cost, "band": band, "dtype": dtype}
    assert dtw(*pair, **options) == dtw(*pair[::-1], **options)


@examples(times=0.5)
@given(pairs(), st.sampled_from(LOCAL_COSTS), bands, st.sampled_from(DTYPES))
def test_a_clip_is_at_zero_from_itself(pair, local_cost, band, dtype):
    assert dtw(pair[0], pair[0], local_cost=local_cost, band=band, dtype=dtype) == 0.0


@examples(times=0.5)
@given(pairs(), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_wider_band_is_never_dearer_and_the_widest_is_none(pair, one, other):
    narrow, wide = sorted([one, other])
    assert dtw(*pair, band=wide) <= dtw(*pair, band=narrow) < np.inf
    assert dtw(*pair, band=1.0) == dtw(*pair)


def test_float32_stays_within_1e_5_on_clips_of_five_seconds():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 431, 13)).astype(np.float32)
    expected = plain_dtw(x.astype(np.float64), y.astype(np.float64), "euclidean", None)
    assert dtw(x, y) == pytest.approx(expected, rel=1e-5)
