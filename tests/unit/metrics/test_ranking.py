import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from resound.errors import ParameterError
from resound.metrics.ranking import METRICS, score

LIST = [[False, True, False, True]]
LOG3, LOG5 = 1 / np.log2(3), 1 / np.log2(5)


@pytest.mark.parametrize(
    ("name", "at_1", "at_4"),
    [
        ("mrr", 0.0, 0.5),
        ("ndcg", 0.0, (LOG3 + LOG5) / (1 + LOG3 + 0.5)),
        ("ndcg_retrieved", 0.0, (LOG3 + LOG5) / (1 + LOG3)),
        ("binary", 0.0, 1.0),
        ("proportion", 0.0, 0.5),
        ("map", 0.0, (1 / 2 + 2 / 4) / 3),
    ],
)
def test_worked_example(name, at_1, at_4):
    scores = score(LIST, [3], [1, 4])
    assert scores[f"{name}@1"] == pytest.approx([at_1])
    assert scores[f"{name}@4"] == pytest.approx([at_4])


def test_ndcg_retrieved_takes_the_longest_list_for_its_ideal():
    def at(k, ks, hits=(True, False, False, True, True)):
        return score([hits], [9], ks, metrics=["ndcg_retrieved"])[f"ndcg_retrieved@{k}"]

    assert at(2, [2]) == [1.0]
    assert at(2, [2, 4]) == pytest.approx([1 / (1 + LOG3)])
    assert at(1, [4, 1]) == [1.0]
    # A deeper list, as R-precision needs, changes nothing.
    assert at(4, [2, 4]) == at(4, [2, 4], (True, False, False, True))


def test_r_precision_counts_up_to_n_relevant():
    assert score(LIST * 3, [2, 3, 4], [])["r_precision"] == pytest.approx([1 / 2, 1 / 3, 1 / 2])


def test_columns_are_named_by_metric_and_cut_off():
    scores = score(LIST, [2], [10, 20])
    assert list(scores) == [f"{m}@{k}" for k in (10, 20) for m in METRICS] + ["r_precision"]
    assert list(score(LIST, [9], [3], metrics=["map", "mrr"])) == ["map@3", "mrr@3"]


def test_a_query_without_relevant_clips_scores_zero():
    for values in score([[False, False]], [0], [1, 2, 5]).values():
        np.testing.assert_array_equal(values, [0.0])


def test_no_queries_and_empty_lists():
    assert all(
        v.shape == (0,) for v in score(np.zeros((0, 3), bool), np.zeros(0, int), [2]).values()
    )
    assert all(v == [0.0] for v in score(np.zeros((1, 0), bool), [0], [2]).values())


def test_a_short_list_counts_as_filled_up_with_irrelevant_hits():
    padded = np.pad(LIST, ((0, 0), (0, 6)))
    for name, values in score(LIST, [4], [10]).items():
        np.testing.assert_array_equal(values, score(padded, [4], [10])[name])


@given(st.integers(1, 60), st.integers(1, 60))
def test_a_perfect_list_scores_exactly_one(n_relevant, k):
    perfect = np.arange(70) < n_relevant
    scores = score(perfect[np.newaxis], [n_relevant], [k])
    for name in ("mrr", "ndcg", "ndcg_retrieved", "binary"):
        assert scores[f"{name}@{k}"] == [1.0]
    assert scores["r_precision"] == [1.0]
    assert scores[f"map@{k}"] == pytest.approx([min(k, n_relevant) / n_relevant])


@given(hnp.arrays(np.bool_, (5, 12)), st.integers(1, 15), st.integers(0, 3))
def test_all_metrics_lie_between_zero_and_one(relevant, k, more):
    n_relevant = np.minimum(relevant.sum(axis=1) + more, 12)
    for values in score(relevant, n_relevant, [k]).values():
        assert values.dtype == np.float64
        assert ((values >= 0) & (values <= 1)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"relevant": [[0, 1]]}, "must be booleans"),
        ({"relevant": [True]}, r"relevant of shape \(1,\)"),
        ({"n_relevant": [1, 1]}, "one for each of 1 queries"),
        ({"n_relevant": [1.0]}, "must be whole numbers"),
        ({"n_relevant": [1]}, r"query 0 has 2 relevant hits of n_relevant=1"),
        ({"n_relevant": [5]}, "rank with k=5 or more"),
        ({"ks": [0]}, "k=0 must be a positive integer"),
        ({"metrics": ["ndgc"]}, "did you mean 'ndcg'"),
    ],
)
def test_wrong_arguments_are_named(change, message):
    arguments = {"relevant": LIST, "n_relevant": [2], "ks": [2]} | change
    with pytest.raises(ParameterError, match=message):
        score(**arguments)
