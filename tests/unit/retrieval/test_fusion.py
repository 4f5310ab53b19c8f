"""Scalings, graphs and fusions of distances against plain oracles, one pair at a time."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from resound.errors import ParameterError
from resound.retrieval.fusion import Diffusion, Expansion, Gallery, Method
from resound.retrieval.scaling import (
    SCALINGS,
    SMALLEST,
    LocalScaling,
    MutualProximity,
    ReciprocalRanks,
    Unscaled,
)

DISTANCE = st.one_of(st.just(0.0), st.floats(0.01, 100))


@st.composite
def asked_and_within(draw, parts=1):
    """Draw distances of some queries to a gallery, and symmetric ones within it, of each part."""
    n_queries, n = draw(st.integers(1, 4)), draw(st.integers(1, 7))
    asked = [draw(hnp.arrays(float, (n_queries, n), elements=DISTANCE)) for _ in range(parts)]
    within = [draw(hnp.arrays(float, (n, n), elements=DISTANCE)) for _ in range(parts)]
    closed = draw(hnp.arrays(bool, (n_queries, n)))
    asked = [np.where(closed, np.inf, part) for part in asked]
    return asked, [(part + part.T) / 2 for part in within]


def own_distances(row, me=None):
    """Return the distances of a clip to those that it may meet."""
    return [d for place, d in enumerate(row) if place != me and math.isfinite(d)]


def sigma(row, k, me=None):
    near = sorted(own_distances(row, me))[:k]
    return sum(near) / len(near) if near else 1.0


def scaled(scaling, row, me, within, column):
    """Return one scaled distance of the clip with distances `row` to the gallery's `column`."""
    d, n = row[column], len(within)
    if not math.isfinite(d):
        return math.inf
    if isinstance(scaling, LocalScaling):
        units = sorted(sigma(within[i], scaling.neighbours, i) for i in range(n))
        middle = (units[(n - 1) // 2] + units[n // 2]) / 2
        least = SMALLEST * middle or SMALLEST
        mine = max(sigma(row, scaling.neighbours, me), least)
        theirs = max(sigma(within[column], scaling.neighbours, column), least)
        return d / math.sqrt(mine * theirs)
    if isinstance(scaling, MutualProximity):
        return 1 - beyond(own_distances(row, me), d) * beyond(
            own_distances(within[column], column), d
        )
    if isinstance(scaling, ReciprocalRanks):
        known = [e if place != me else math.inf for place, e in enumerate(row)]
        rank = sum(e < d for e in known) + (sum(e == d for e in known) + 1) / 2
        return 1 / (scaling.constant + 1) - 1 / (scaling.constant + rank)
    return d


def beyond(values, d):
    """Return P(X > d) of a normal X with the mean and the deviation of some values."""
    mean = sum(values) / len(values) if values else 0.0
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / len(values)) if values else 0.0
    if deviation == 0:
        return 0.0 if d > mean else 1.0 if d < mean else 0.5
    return 1 - NormalDist(mean, deviation).cdf(d)


def plain_within(method, within, i, j):
    """Return the fused distance of two clips of the gallery."""
    parts = [part.copy() for part in within]
    if i == j:
        return math.inf
    return sum(
        weight * scaled(method.scaling, [*part[i]], i, part, j)
        for weight, part in zip(method.weights, parts, strict=True)
        if weight
    )


def plain(method, asked, within):
    """Return the fused distances of queries, without expansion and diffusion."""
    n_queries, n = asked[0].shape
    return np.array(
        [
            [
                math.inf
                if not math.isfinite(asked[0][q][j])
                else sum(
                    weight * scaled(method.scaling, [*part[q]], None, inside, j)
                    for weight, part, inside in zip(method.weights, asked, within, strict=True)
                    if weight
                )
                for j in range(n)
            ]
            for q in range(n_queries)
        ]
    )


METHODS = st.builds(
    Method,
    weights=st.sampled_from([(1.0, 1.0), (0.5, 2.0), (1.0, 0.0)]),
    scaling=st.one_of(
        st.builds(LocalScaling, st.integers(1, 9)),
        st.just(MutualProximity()),
        st.builds(ReciprocalRanks, st.sampled_from([0.0, 60.0])),
        st.just(Unscaled()),
    ),
)


@given(asked_and_within(parts=2), METHODS)
@example(([np.zeros((1, 1))] * 2, [np.zeros((1, 1))] * 2), Method((1.0, 1.0), LocalScaling(3)))
@example(([np.ones((2, 3))] * 2, [np.ones((3, 3))] * 2), Method((1.0, 1.0), MutualProximity()))
def test_distances_are_scaled_and_added_as_the_formulas_say(both, method):
    asked, within = both
    found = Gallery(within, method).distances(asked)
    # The difference of two tails of a normal is taken from 1: of what is next to it digits go.
    np.testing.assert_allclose(found, plain(method, asked, within), rtol=1e-9, atol=1e-9)
    assert (found >= 0).all()


@given(asked_and_within(), st.integers(1, 5), st.sampled_from([0.5, 1.0]))
def test_an_expanded_list_is_the_mean_of_the_nearest_clips_lists(both, neighbours, decay):
    asked, within = both
    method = Method((1.0,), LocalScaling(3))
    own = plain(method, asked, within)
    n = len(within[0])
    expected = np.full(own.shape, np.inf)
    for q, row in enumerate(own):
        near = [j for j in np.argsort(row, kind="stable")[:neighbours] if math.isfinite(row[j])]
        for j in np.flatnonzero(np.isfinite(row)):
            lists = [0.0 if i == j else plain_within(method, within, i, j) for i in near]
            weights = [decay ** (place + 1) for place in range(len(near))]
            total = row[j] + sum(w * d for w, d in zip(weights, lists, strict=True))
            expected[q, j] = total / (1 + sum(weights))
    expanded = Method((1.0,), LocalScaling(3), Expansion(neighbours, decay))
    found = Gallery(within, expanded).distances(asked)
    assert found.shape == (len(asked[0]), n)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@given(asked_and_within(), st.integers(1, 5), st.sampled_from([0.0, 0.5, 0.97]))
def test_similarity_spreads_as_a_sum_over_all_walks(both, neighbours, alpha):
    asked, within = both
    n, method = len(within[0]), Method((1.0,), LocalScaling(3))
    fused = np.array([[plain_within(method, within, i, j) for j in range(n)] for i in range(n)])
    near = {i: np.argsort(fused[i], kind="stable")[: min(neighbours, n)] for i in range(n)}
    met = [fused[i, j] for i in near for j in near[i] if math.isfinite(fused[i, j])]
    unit = sum(met) / len(met) if met else 0.0

    def similar(d):
        return math.exp(-((d / unit) ** 2)) if unit else 1.0

    joined = np.zeros((n, n))
    for i in near:
        for j in near[i]:
            if math.isfinite(fused[i, j]):
                joined[i, j] = max(joined[i, j], similar(fused[i, j]))
                joined[j, i] = max(joined[j, i], joined[i, j])
    degree = joined.sum(axis=1)
    degree[degree == 0] = 1
    step = joined / np.sqrt(np.outer(degree, degree))
    own = plain(method, asked, within)
    expected = np.full(own.shape, np.inf)
    for q, row in enumerate(own):
        entry = np.zeros(n)
        chosen = [j for j in np.argsort(row, kind="stable")[:neighbours] if math.isfinite(row[j])]
        for j in chosen:
            entry[j] = similar(math.sqrt(row[j] ** 2 - row[chosen[0]] ** 2))
        total, walk = np.zeros(n), entry
        for _ in range(3000):
            total, walk = total + walk, alpha * step @ walk
        largest = total.max() or 1.0
        for j in np.flatnonzero(np.isfinite(row)):
            reached = total[j] > 1e-9 * largest
            expected[q, j] = 1 - total[j] / largest if reached else 1 + row[j]
    diffused = Method((1.0,), LocalScaling(3), None, Diffusion(neighbours, alpha))
    found = Gallery(within, diffused).distances(asked)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("scaling", [of() for of in SCALINGS.values()])
def test_a_query_sees_no_other_and_a_gallery_is_read_in_blocks(scaling, monkeypatch):
    rng = np.random.default_rng(0)
    points, queries = rng.standard_normal((30, 3)), rng.standard_normal((9, 3))
    within = [np.linalg.norm(points[:, None] - points, axis=-1)]
    asked = np.linalg.norm(queries[:, None] - points, axis=-1)
    method = Method((1.0,), scaling, Expansion(2), Diffusion(4, 0.9))
    whole = Gallery(within, method).distances([asked])
    monkeypatch.setattr("resound.retrieval.fusion.BLOCK", 7)
    in_blocks = Gallery(within, method)
    one_by_one = np.concatenate([in_blocks.distances([row[None]]) for row in asked])
    np.testing.assert_array_equal(whole, one_by_one)


def test_what_a_query_may_not_meet_stays_infinitely_far():
    within = [np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 1.0], [2.0, 1.0, 0.0]])]
    asked = [np.array([[0.0, 1.0, np.inf], [np.inf, np.inf, np.inf]])]
    for scaling in SCALINGS.values():
        method = Method((1.0,), scaling(), Expansion(1), Diffusion(2, 0.9))
        found = Gallery(within, method).distances(asked)
        np.testing.assert_array_equal(np.isinf(found), np.isinf(asked[0]))
        assert not np.isnan(found).any()


def test_hubs_no_longer_lead():
    # A clip in the middle of all is the nearest of each but one; scaled, that of few.
    rng = np.random.default_rng(1)
    points = rng.standard_normal((200, 60))
    points[0] = 0
    queries = rng.standard_normal((100, 60))
    within = [np.linalg.norm(points[:, None] - points, axis=-1)]
    asked = [np.linalg.norm(queries[:, None] - points, axis=-1)]
    led = {
        name: (Gallery(within, Method((1.0,), of())).distances(asked).argmin(axis=1) == 0).mean()
        for name, of in SCALINGS.items()
    }
    assert led["none"] > 0.9
    assert max(led["local"], led["mutual"]) < 0.5


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Method(weights=()), "numbers from 0 on"),
        (lambda: Method(weights=(1.0, -1.0)), "numbers from 0 on"),
        (lambda: Method(weights=(0.0, 0.0)), "nothing is left"),
        (lambda: LocalScaling(0), "neighbours=0"),
        (lambda: ReciprocalRanks(-1.0), "constant=-1.0"),
        (lambda: Expansion(0), "neighbours=0"),
        (lambda: Expansion(1, 0.0), "decay=0.0"),
        (lambda: Diffusion(3, 1.0), "alpha=1.0"),
        (lambda: Gallery([np.zeros((2, 2))], Method((1.0, 1.0))), "1 kinds of distances and 2"),
        (lambda: Gallery([np.zeros((2, 3))], Method()), r"must be \(2, 2\)"),
        (lambda: Gallery([np.zeros((0, 0))], Method()), "at least one"),
        (lambda: Gallery([np.full((2, 2), np.nan)], Method((1.0,), LocalScaling())), "no NaN"),
        (lambda: Gallery([np.zeros((2, 2))], Method()).distances([np.zeros((1, 3))]), "2"),
        (lambda: Gallery([np.zeros((2, 2))], Method()).distances([-np.ones((1, 2))]), "at least 0"),
        (lambda: Gallery([np.zeros((2, 2))], Method()).distances([]), "1 of one shape"),
    ],
)
def test_what_makes_no_sense_is_refused(make, said):
    with pytest.raises(ParameterError, match=said):
        make()
