import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from resound.errors import DataError, ParameterError
from resound.retrieval.ranking import (
    check_no_leak,
    exclusion_mask,
    merge,
    rank,
    relevance,
    tie_share,
)


def plain_rank(distances, ids, k, excluded):
    rows = []
    for d, out in zip(distances, excluded, strict=True):
        hits = sorted((d[i], ids[i], i) for i in range(len(ids)) if not out[i])[:k]
        rows.append([i for *_, i in hits] + [-1] * (k - len(hits)))
    return np.array(rows)


@st.composite
def problems(draw):
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 12)))
    some = st.sampled_from([0.0, -0.0, 0.5, 1.0, np.inf])
    distances = draw(hnp.arrays(np.float32, shape, elements=some))
    excluded = draw(hnp.arrays(np.bool_, shape))
    ids = draw(st.permutations([f"clip-{i}" for i in range(shape[1])]))
    return distances, ids, draw(st.integers(1, 15)), excluded


@given(problems())
def test_equals_sorting_by_distance_and_id(problem):
    distances, ids, k, excluded = problem
    positions, scores = rank(distances, ids, k=k, excluded=excluded)
    np.testing.assert_array_equal(positions, plain_rank(distances, ids, k, excluded))
    listed = np.take_along_axis(distances, np.maximum(positions, 0), axis=1)
    np.testing.assert_array_equal(scores, np.where(positions < 0, np.inf, listed))


@given(problems(), st.randoms(use_true_random=False))
def test_does_not_depend_on_the_order_of_the_gallery(problem, random):
    distances, ids, k, excluded = problem
    order = random.sample(range(len(ids)), len(ids))
    positions, _ = rank(distances, ids, k=k, excluded=excluded)
    shuffled, _ = rank(
        distances[:, order], [ids[i] for i in order], k=k, excluded=excluded[:, order]
    )
    np.testing.assert_array_equal(np.where(shuffled < 0, -1, np.array(order)[shuffled]), positions)


def test_equal_distances_are_in_string_order_of_the_ids():
    positions, scores = rank(np.zeros((2, 4)), ["9", "10", "b", "a"], k=4)
    np.testing.assert_array_equal(positions, [[1, 0, 3, 2]] * 2)
    np.testing.assert_array_equal(scores, np.zeros((2, 4)))


def test_short_lists_are_padded():
    positions, scores = rank([[3.0, np.inf]], ["a", "b"], k=3, excluded=[[True, False]])
    np.testing.assert_array_equal(positions, [[1, -1, -1]])
    np.testing.assert_array_equal(scores, [[np.inf] * 3])


def test_no_queries_give_no_lists():
    positions, scores = rank(np.zeros((0, 3)), ["a", "b", "c"], k=2)
    assert positions.shape == scores.shape == (0, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distances": [[0.0, np.nan]]}, "query 0 to gallery clip 1 is NaN"),
        ({"distances": [0.0, 1.0]}, r"distances of shape \(2,\)"),
        ({"distances": [["a", "b"]]}, "must be real numbers"),
        ({"gallery_ids": ["a", "a"]}, "'a' is listed more than once"),
        ({"gallery_ids": ["a"]}, "must name the 2 clips of the gallery"),
        ({"k": 0}, "k=0 must be a positive integer of hits"),
        ({"excluded": [[0, 1]]}, "must be booleans"),
        ({"excluded": [[True]]}, r"excluded of shape \(1, 1\)"),
    ],
)
def test_wrong_arguments_of_rank_are_named(change, message):
    arguments = {"distances": [[0.0, 1.0]], "gallery_ids": ["a", "b"], "k": 1} | change
    with pytest.raises(ParameterError, match=message):
        rank(**arguments)


def ranked_parts(problem, parts):
    """Rank parts of the gallery, each a list of positions, as lists over the whole gallery."""
    distances, ids, k, excluded = problem
    for part in parts:
        positions, scores = rank(
            distances[:, part], [ids[i] for i in part], k=k, excluded=excluded[:, part]
        )
        yield np.where(positions < 0, -1, np.array(part)[positions]), scores


@given(problems(), st.data())
def test_merged_lists_of_parts_equal_the_ranked_whole(problem, data):
    distances, ids, k, excluded = problem
    part_of = data.draw(st.lists(st.integers(0, 4), min_size=len(ids), max_size=len(ids)))
    parts = [[i for i, own in enumerate(part_of) if own == part] for part in set(part_of)]
    whole = rank(distances, ids, k=k, excluded=excluded)
    lists = list(ranked_parts(problem, data.draw(st.permutations(parts))))
    at_once = merge(lists, ids, k=k)
    one_by_one = functools.reduce(lambda so_far, part: merge([so_far, part], ids, k=k), lists)
    for merged in (at_once, one_by_one):
        np.testing.assert_array_equal(merged[0], whole[0])
        np.testing.assert_array_equal(merged[1], whole[1])
        assert merged[1].dtype == np.float32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parts": []}, r"shapes \[\] must be lists"),
        ({"parts": [([[0]], [0.0])]}, r"shapes \[\(\(1, 1\), \(1,\)\)\] must be lists"),
        ({"parts": [([[0]], [[0.0]]), ([[1]] * 2, [[0.0]] * 2)]}, "of the same queries"),
        ({"parts": [([[0]], [[np.nan]])]}, "a score is NaN"),
        ({"parts": [([[2]], [[0.0]])]}, "position 2 is not in the gallery of 2 clips"),
        ({"parts": [([[-2]], [[0.0]])]}, "position -2 is not in the gallery"),
        ({"parts": [([[1]], [[0.0]]), ([[1]], [[2.0]])]}, "clip 1 stands twice .* of query 0"),
        ({"gallery_ids": ["a", "a"]}, "'a' is listed more than once"),
        ({"k": 0}, "k=0 must be a positive integer of hits"),
    ],
)
def test_wrong_arguments_of_merge_are_named(change, message):
    arguments = {"parts": [([[0]], [[0.0]])], "gallery_ids": ["a", "b"], "k": 1} | change
    with pytest.raises(ParameterError, match=message):
        merge(arguments.pop("parts"), arguments.pop("gallery_ids"), **arguments)


@pytest.mark.parametrize(
    ("scores", "shares"),
    [
        ([[0.0, 1.0, 2.0]], [0.0]),
        ([[0.0, 0.0, 2.0]], [2 / 3]),
        ([[1.0, 1.0, 1.0], [1.0, 2.0, 3.0]], [1.0, 0.0]),
        ([[1.0, np.inf, np.inf]], [0.0]),
        ([[np.inf, np.inf]], [0.0]),
        ([[1.0]], [0.0]),
    ],
)
def test_tie_share(scores, shares):
    assert tie_share(scores).tolist() == shares


def test_exclusion_of_the_query_and_of_its_recording():
    clips, recordings = ["a1", "a2", "b1"], ["a", "a", "b"]
    self_only = exclusion_mask(clips, clips, recordings, recordings, same_recording=False)
    np.testing.assert_array_equal(self_only, np.eye(3, dtype=bool))
    whole = exclusion_mask(clips, clips, recordings, recordings, same_recording=True)
    np.testing.assert_array_equal(
        whole, [[True, True, False], [True, True, False], [False, False, True]]
    )


def test_a_leak_is_named():
    check_no_leak(["a", "b"], ["c", "d"])
    with pytest.raises(DataError, match="recordings b, c are in both"):
        check_no_leak(["a", "b", "c"], ["c", "b", "b"])
    many = [f"{i:02}" for i in range(15)]
    with pytest.raises(DataError, match="09 and 5 more are in both"):
        check_no_leak(many, many)


def test_relevance_is_being_of_one_category():
    np.testing.assert_array_equal(
        relevance(["dog", "rain"], ["rain", "dog", "dog"]),
        [[False, True, True], [True, False, False]],
    )
