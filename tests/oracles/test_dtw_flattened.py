"""DTW of flattened clips against a plain program on lists of numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resound.distances import dtw
from resound.distances.dtw_flattened import ORDERS, pairwise, top_k
from resound.errors import ParameterError
from resound.retrieval import ranking as retrieval


def laid_end_to_end(clip, order):
    frames, dims = len(clip), len(clip[0])
    if order == "frames":
        return [clip[t][c] for t in range(frames) for c in range(dims)]
    return [clip[t][c] for c in range(dims) for t in range(frames)]


def plain_dtw(x, y):
    total = {(-1, -1): 0.0}
    for i in range(len(x)):
        for j in range(len(y)):
            before = [(i - 1, j), (i, j - 1), (i - 1, j - 1)]
            total[i, j] = abs(x[i] - y[j]) + min(total.get(cell, np.inf) for cell in before)
    return total[len(x) - 1, len(y) - 1]


@st.composite
def stacks(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dims = draw(st.integers(1, 4))
    shapes = [(draw(st.integers(1, 4)), draw(st.integers(1, 9)), dims) for _ in range(2)]
    return [np.cumsum(rng.normal(size=shape), axis=1).astype(np.float32) for shape in shapes]


@settings(max_examples=60)
@given(stacks(), st.sampled_from(ORDERS))
def test_equals_the_plain_recurrence(stack, order):
    queries, gallery = stack
    expected = [
        [plain_dtw(laid_end_to_end(x, order), laid_end_to_end(y, order)) for y in gallery.tolist()]
        for x in queries.tolist()
    ]
    assert pairwise(queries, gallery, order=order) == pytest.approx(np.array(expected), rel=1e-5)


@settings(max_examples=30)
@given(stacks(), st.sampled_from(ORDERS), st.none() | st.floats(0, 1), st.integers(1, 5))
def test_the_search_equals_the_ranked_full_matrix(stack, order, band, k):
    queries, gallery = stack
    options = {"order": order, "band": band}
    found = top_k(queries, gallery, k, **options)
    full = pairwise(queries, gallery, **options)
    indices, distances = retrieval.rank(full, np.arange(len(gallery)), k=k)
    np.testing.assert_array_equal(found.distances, distances)
    np.testing.assert_array_equal(found.indices, indices)


def test_the_order_counts_and_of_one_dim_it_does_not():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 3, 8, 5))
    by_order = [pairwise(x, y, order=order) for order in ORDERS]
    assert not np.allclose(*by_order)
    assert not np.allclose(by_order[0], dtw.pairwise(x, y))
    for order in ORDERS:
        one_dim = pairwise(x[..., :1], y[..., :1], order=order)
        np.testing.assert_array_equal(one_dim, dtw.pairwise(x[..., :1], y[..., :1]))


def test_a_single_value_moved_to_another_coefficient_is_near():
    """One long sequence may pair the end of a coefficient with the start of the next."""
    x, y = np.zeros((2, 1, 4, 2))
    x[0, 3, 0] = y[0, 0, 1] = 1.0
    assert pairwise(x, y) == 0.0
    assert dtw.pairwise(x, y) > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"order": "frame"}, "order='frame' is not known; did you mean 'frames'"),
        ({"gallery": np.zeros((1, 6, 2))}, "frames of 3 and 2 dims"),
        ({"queries": np.zeros((4, 3))}, r"queries of shape \(4, 3\)"),
        ({"band": 2.0}, "band=2.0 must be None or a fraction"),
    ],
)
def test_wrong_arguments_are_named(change, message):
    arguments = {"queries": np.zeros((1, 4, 3)), "gallery": np.zeros((1, 4, 3))} | change
    with pytest.raises(ParameterError, match=message):
        pairwise(**arguments)
    with pytest.raises(ParameterError, match=message):
        top_k(**arguments, k=1)
