"""Intervals of means: against plain loops, Student's interval, and simulated truth."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from resound.errors import ParameterError
from resound.metrics.intervals import mean_interval


def rng(seed=0):
    return np.random.default_rng(seed)


def plain_variance(values, strata, clusters):
    """Return variance and degrees of freedom of the mean, by the formulas, one sum at a time."""
    keys = list(zip(strata, clusters, strict=True))
    recordings, classes = sorted(set(keys)), sorted(set(strata))
    if len(recordings) == len(classes):  # no class has two
        strata, classes = [0] * len(values), [0]
        keys = [(0, key) for key in keys]
        recordings = sorted(set(keys))
    of = {r: [v for v, key in zip(values, keys, strict=True) if key == r] for r in recordings}
    of_class = {c: [v for v, s in zip(values, strata, strict=True) if s == c] for c in classes}
    q, c, s = len(values), len(recordings), len(classes)
    between = sum(len(v) * (np.mean(v) - np.mean(of_class[r[0]])) ** 2 for r, v in of.items())
    within = sum((x - np.mean(v)) ** 2 for v in of.values() for x in v)
    k = (c - s) * sum(len(v) ** 2 for v in of.values())
    k /= q - sum(len(v) ** 2 / len(of_class[r[0]]) for r, v in of.items())
    mean_square = within / (q - c) if q > c else 0.0
    if q > c and between / (c - s) <= mean_square:
        return (between + within) / (q - s) / q, q - s
    parts = [(k * between / (c - s) / q**2, c - s)]
    parts += [((q - k) * mean_square / q**2, q - c)] if q > c else []
    variance = sum(v for v, _ in parts)
    if variance <= 0:
        return (between + within) / (q - s) / q, q - s
    return variance, max(1, variance**2 / sum(v**2 / n for v, n in parts))


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=3, max_size=30),
    st.integers(0, 2**32 - 1),
)
def test_is_students_interval_of_the_variance_by_the_formulas(labels, seed):
    strata, clusters = zip(*labels, strict=True)
    values = rng(seed).normal(size=len(labels)) + 2.0 * np.array(clusters)
    low, high = mean_interval(values, strata, clusters, shares=False)
    if len(set(labels)) == 1:
        assert (low, high) == (-np.inf, np.inf)
        return
    variance, freedom = plain_variance(values, strata, clusters)
    half = scipy.stats.t.ppf(0.975, freedom) * np.sqrt(variance)
    np.testing.assert_allclose([low, high], values.mean() + half * np.array([-1, 1]), atol=1e-9)


def test_of_clips_that_stand_alone_it_is_students():
    values = rng().exponential(size=50)
    found = mean_interval(values, np.zeros(50), np.arange(50), level=0.9, shares=False)
    theirs = scipy.stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
    np.testing.assert_allclose(found, theirs)


def test_of_right_and_wrong_alone_it_is_jeffreys_of_nearly_as_many_trials():
    values = (np.arange(200) < 60).astype(float)
    found = mean_interval(values, np.zeros(200), np.arange(200))
    theirs = scipy.stats.beta.ppf([0.025, 0.975], 60.5, 140.5)
    np.testing.assert_allclose(found, theirs, atol=0.002)


@pytest.mark.parametrize("mean", [0.1, 0.9])
@pytest.mark.parametrize("correlation", [0.2, 0.8])
def test_covers_the_true_mean_where_queries_alone_do_not(mean, correlation):
    """Ten classes of eight clips of one to six recordings: docs/intervals.md has the real ones."""
    strata = np.repeat(np.arange(10), 8)
    recordings = np.concatenate([rng(c).integers(0, 6, 8) for c in range(10)])
    scale = (1 - correlation) / correlation
    trials = 1500
    chances = rng(1).beta(mean * scale, (1 - mean) * scale, size=(10, 6, trials))
    values = rng(2).binomial(1, chances[strata, recordings]).astype(float)
    low, high = mean_interval(values, strata, recordings)
    # Three standard errors of a share of .95 in 1500 trials are .017.
    assert np.mean((low <= mean) & (mean <= high)) == pytest.approx(0.95, abs=0.017 + 0.015)
    low, high = mean_interval(values, strata, np.arange(80))
    if correlation == 0.8:
        assert np.mean((low <= mean) & (mean <= high)) < 0.85


def test_metrics_are_each_as_if_alone():
    strata, clusters = np.arange(30) // 6, np.arange(30) // 2
    table = rng().random((30, 3))
    low, high = mean_interval(table, strata, clusters)
    assert low.shape == high.shape == (3,)
    np.testing.assert_allclose((low[1], high[1]), mean_interval(table[:, 1], strata, clusters))


def test_the_balance_of_classes_is_not_random():
    values = np.repeat([0.0, 1.0], 20)
    strata = values.copy()
    values[[0, 39]] = 0.5
    low, high = mean_interval(values, strata, np.arange(40))
    assert 0.45 < low < 0.5 < high < 0.55


@pytest.mark.parametrize("value", [0.0, 1.0, 0.5])
def test_equal_values_are_as_sure_as_there_are_recordings(value):
    few = mean_interval([value] * 12, [0] * 12, np.arange(12) // 6)
    many = mean_interval([value] * 12, [0] * 12, np.arange(12))
    assert few[0] <= many[0] <= value <= many[1] <= few[1]
    assert few[0] >= 0
    assert few[1] <= 1
    assert np.ptp(few) > np.ptp(many) > 0


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_it_holds_the_mean_and_stays_among_shares(n_queries, seed):
    generator = rng(seed)
    labels = generator.integers(0, 3, (2, n_queries))
    values = generator.integers(0, 2, n_queries).astype(float)
    low, high = mean_interval(values, *labels)
    assert 0 <= low <= values.mean() <= high <= 1


def test_a_recording_of_two_classes_is_one_in_each():
    values = rng().random(8)
    strata = [0, 0, 0, 0, 1, 1, 1, 1]
    shared = mean_interval(values, strata, list("aabbaacc"))
    apart = mean_interval(values, strata, list("aabbddcc"))
    assert shared == apart


def test_seeds_that_differ_make_it_wider():
    values, labels = rng().random(60), (np.arange(60) // 12, np.arange(60) // 2)
    alone = np.ptp(mean_interval(values, *labels))
    same = np.ptp(mean_interval(values, *labels, seed_means=[values.mean()] * 3))
    apart = np.ptp(
        mean_interval(values, *labels, seed_means=values.mean() + np.array([-0.2, 0.0, 0.2]))
    )
    assert alone == pytest.approx(same)
    assert apart > 1.5 * alone
    assert np.ptp(mean_interval(values, *labels, seed_means=[0.3])) == alone


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": []}, r"values of shape \(0,\)"),
        ({"values": [0.0, np.nan]}, "query 1 is NaN"),
        ({"values": [0.0, 1.5]}, "must lie between 0 and 1; else say shares=False"),
        ({"strata": [0]}, r"strata of shape \(1,\) must hold one label for each of 2 queries"),
        ({"clusters": [0, 1, 2]}, r"clusters of shape \(3,\)"),
        ({"level": 95}, "level=95 must lie between 0 and 1"),
    ],
)
def test_wrong_arguments_are_named(change, message):
    arguments = {"values": [0.0, 1.0], "strata": [0, 0], "clusters": [0, 1]} | change
    with pytest.raises(ParameterError, match=message):
        mean_interval(**arguments)
