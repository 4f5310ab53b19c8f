"""Subsequence DTW against all stretches of a clip, one by one."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resound.distances import dtw
from resound.distances.dtw_path import align
from resound.distances.dtw_subsequence import match, pairwise
from resound.errors import ParameterError
from resound.registry import DISTANCES

# Small whole numbers: many ways cost the same.
FRAMES = st.lists(st.tuples(*[st.integers(-2, 2)] * 2), min_size=1, max_size=6)


@given(query=FRAMES, clip=FRAMES)
@example(query=[(0, 0)], clip=[(1, 1)])
def test_no_stretch_is_nearer_and_the_one_found_is_that_near(query, clip):
    query, clip = np.array(query, float), np.array(clip, float)
    found = match(query, clip)
    stretches = [(a, b) for a in range(len(clip)) for b in range(a, len(clip))]
    distances = {(a, b): align(query, clip[a : b + 1]).distance for a, b in stretches}
    assert found.distance == pytest.approx(min(distances.values()), abs=1e-9)
    assert distances[found.first, found.last] == pytest.approx(found.distance, abs=1e-9)


def test_a_query_that_was_cut_out_is_found_where_it_was():
    clip = np.random.default_rng(0).normal(size=(50, 13))
    found = match(clip[17:31], clip)
    assert (found.first, found.last) == (17, 30)
    assert found.distance == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("query", "clip", "said"),
    [
        ([[0.0]], [[0.0, 1.0]], "dims"),
        ([0.0], [[0.0]], "must be one clip"),
        ([[np.nan]], [[0.0]], "holds NaN"),
        (np.zeros((0, 1)), [[0.0]], "query"),
    ],
)
def test_what_cannot_be_aligned_is_refused(query, clip, said):
    with pytest.raises(ParameterError, match=said):
        match(query, clip)


@st.composite
def stacks(draw):
    """Return clips (Q, n, d) and (N, m, d) of small whole numbers: many ways cost the same."""
    n_dims, seed = draw(st.integers(1, 3)), draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    shapes = [(draw(st.integers(1, most)), draw(st.integers(1, 11))) for most in (3, 19)]
    return [rng.integers(-3, 4, (*shape, n_dims)).astype(np.float32) for shape in shapes]


def plain(query, clip, cost):
    """Return the least D(n - 1, j), cell by cell."""
    totals = np.full((len(query), len(clip)), np.inf)
    for i, x in enumerate(query):
        for j, y in enumerate(clip):
            before = [(i - 1, j - 1), (i - 1, j), (i, j - 1)] if i else []
            ways = [totals[way] for way in before if min(way) >= 0]
            totals[i, j] = cost(x, y) + min(ways, default=0)
    return totals[-1].min()


COSTS = {
    "euclidean": lambda x, y: np.linalg.norm(x.astype(float) - y),
    "squared": lambda x, y: np.square(x.astype(float) - y).sum(),
}


@pytest.mark.parametrize("local_cost", COSTS)
@given(both=stacks())
def test_all_pairs_at_once_are_each_pair_alone(both, local_cost):
    queries, gallery = both
    found = pairwise(queries, gallery, local_cost=local_cost, dtype="float64")
    expected = [[plain(x, y, COSTS[local_cost]) for y in gallery] for x in queries]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    if local_cost == "euclidean":
        np.testing.assert_allclose(found[0, 0], match(queries[0], gallery[0]).distance, atol=1e-9)


@given(both=stacks())
def test_a_pair_s_distance_is_the_same_in_every_call(both):
    queries, gallery = both
    whole = pairwise(queries, gallery)
    assert whole.dtype == np.float32
    np.testing.assert_array_equal(pairwise(queries[-1:], gallery[::-1])[:, ::-1], whole[-1:])
    assert (whole <= dtw.pairwise(queries, gallery)).all(), "all of the clip is one stretch of it"


def test_what_was_cut_out_of_a_clip_is_at_nothing_from_it():
    gallery = np.random.default_rng(0).normal(size=(18, 50, 13)).astype(np.float32)
    found = pairwise(gallery[:, 17:31], gallery, n_threads=1)
    assert (np.diag(found) == 0).all()
    assert (found + np.eye(18) > 0).all()
    assert DISTANCES["dtw_subsequence"] is pairwise


@pytest.mark.parametrize(
    ("options", "said"),
    [({"local_cost": "manhattan"}, "local_cost"), ({"dtype": "float16"}, "dtype")],
)
def test_an_option_out_of_its_range_is_named(options, said):
    with pytest.raises(ParameterError, match=said):
        pairwise(np.zeros((1, 2, 1)), np.zeros((1, 2, 1)), **options)
