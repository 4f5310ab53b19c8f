"""Subsequence DTW against all stretches of a clip, one by one."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resound.distances.dtw_path import align
from resound.distances.dtw_subsequence import match
from resound.errors import ParameterError

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
