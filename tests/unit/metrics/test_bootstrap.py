import itertools

import numpy as np
import pytest
import scipy.stats

from resound.errors import ParameterError
from resound.metrics.bootstrap import bootstrap_interval, holm, paired_sign_flip


def rng(seed=0):
    return np.random.default_rng(seed)


def plain_interval(values, strata, clusters, samples, level, generator):
    """Draw recordings one by one and list all queries of each."""
    means = []
    for _ in range(samples):
        drawn = []
        for stratum in np.unique(strata):
            names = np.unique(clusters[strata == stratum])
            for name in generator.choice(names, len(names)):
                drawn.extend(values[(strata == stratum) & (clusters == name)])
        means.append(np.mean(drawn))
    return np.quantile(means, [(1 - level) / 2, (1 + level) / 2])


def test_equals_drawing_recordings_one_by_one():
    strata = np.repeat([0, 1, 2], 20)
    clusters = rng().integers(0, 9, 60)
    values = rng(1).random(60) + 0.2 * clusters
    found = bootstrap_interval(values, strata, clusters, samples=20_000, rng=rng(2))
    expected = plain_interval(values, strata, clusters, 4000, 0.95, rng(3))
    # Quantiles of 4000 means have standard errors of about 0.035 of the interval's width / 2.
    np.testing.assert_allclose(found, expected, atol=0.06 * np.ptp(expected))


def test_equals_scipy_without_strata_and_clusters():
    values = rng().exponential(size=50)
    found = bootstrap_interval(
        values, np.zeros(50), np.arange(50), samples=50_000, level=0.9, rng=rng(1)
    )
    theirs = scipy.stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=50_000,
        confidence_level=0.9,
        method="percentile",
        rng=rng(2),
    ).confidence_interval
    # Standard error of a 5 % quantile of 50,000 means: 0.005 of the interval's width.
    np.testing.assert_allclose(found, theirs, atol=0.02 * np.ptp(theirs))


def test_covers_the_true_mean_where_queries_alone_do_not():
    n_classes, n_clusters, size, trials = 5, 12, 4, 400
    strata = np.repeat(np.arange(n_classes), n_clusters * size)
    clusters = np.repeat(np.arange(n_classes * n_clusters), size)
    covered = {"clusters": 0, "queries": 0}
    for trial in range(trials):
        generator = rng([7, trial])
        values = generator.normal(size=clusters.max() + 1)[clusters] + strata
        values += 0.5 * generator.normal(size=len(values))
        for kind, labels in (("clusters", clusters), ("queries", np.arange(len(values)))):
            low, high = bootstrap_interval(values, strata, labels, samples=400, rng=generator)
            covered[kind] += low <= 2.0 <= high
    # 95 % nominal; 12 clusters a class understate the variance by 11/12, which leaves 94 %. Three
    # standard errors of 400 trials are 0.036.
    assert covered["clusters"] / trials == pytest.approx(0.94, abs=0.036)
    assert covered["queries"] / trials < 0.8


def test_metrics_share_the_samples():
    values = rng().random(30)
    table = np.column_stack([values, values, 2 * values])
    strata, clusters = np.repeat([0, 1], 15), np.arange(30) // 2
    low, high = bootstrap_interval(table, strata, clusters, rng=rng(1))
    assert low.shape == high.shape == (3,)
    assert low[0] == low[1]
    assert high[2] == pytest.approx(2 * high[0], rel=1e-12)
    alone = bootstrap_interval(values, strata, clusters, rng=rng(1))
    assert alone == pytest.approx((low[0], high[0]), rel=1e-12)


def test_the_balance_of_classes_is_not_random():
    values = np.repeat([0.0, 1.0], [10, 30])
    low, high = bootstrap_interval(values, values, np.arange(40), rng=rng())
    assert low == high == 0.75


@pytest.mark.parametrize(
    ("values", "clusters"),
    [([0.25], ["a"]), ([0.0, 0.5], ["a", "a"]), ([0.25] * 5, list("abcde"))],
    ids=["one query", "one cluster", "constant"],
)
def test_nothing_to_draw_gives_the_mean_itself(values, clusters):
    low, high = bootstrap_interval(values, ["x"] * len(values), clusters, rng=rng())
    assert low == high == 0.25


def test_a_recording_of_two_classes_is_a_cluster_in_each():
    low, high = bootstrap_interval([0.0, 1.0], ["x", "y"], ["a", "a"], rng=rng())
    assert low == high == 0.5


def test_a_seed_gives_the_same_interval_for_any_order_of_queries():
    values, strata, clusters = rng().random(40), np.arange(40) % 4, np.arange(40) // 8
    first = bootstrap_interval(values, strata, clusters, rng=rng(5))
    turned = bootstrap_interval(values[::-1], strata[::-1], clusters[::-1], rng=rng(5))
    np.testing.assert_allclose(turned, first, rtol=1e-12)


def exact_p(differences, clusters):
    sums = [differences[clusters == c].sum() for c in np.unique(clusters)]
    observed = abs(sum(sums)) - 1e-12
    flipped = [
        abs(np.dot(signs, sums)) >= observed
        for signs in itertools.product([-1, 1], repeat=len(sums))
    ]
    return np.mean(flipped)


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.5])
@pytest.mark.parametrize("n_clusters", [1, 2, 10])
def test_few_clusters_are_flipped_in_all_ways(shift, n_clusters):
    clusters = np.arange(30) % n_clusters
    a, b = rng().normal(size=30) + shift, rng(1).normal(size=30)
    p = paired_sign_flip(a, b, clusters, samples=512, rng=None)
    assert p == pytest.approx(exact_p(a - b, clusters), abs=1e-12)


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.5])
def test_random_flips_come_near_to_all_of_them(shift):
    clusters = np.arange(48) // 3
    a, b = rng().normal(size=48) + shift, rng(1).normal(size=48)
    p = paired_sign_flip(a, b, clusters, samples=20_000, rng=rng(2))
    # Four standard errors of a share of 20,000.
    assert p == pytest.approx(exact_p(a - b, clusters), abs=4 * 0.5 / np.sqrt(20_000))


def test_sign_flip_holds_its_level():
    clusters = np.repeat(np.arange(20), 3)
    p = []
    for trial in range(400):
        generator = rng([11, trial])
        difference = generator.normal(size=20)[clusters] + 0.5 * generator.normal(size=60)
        p.append(paired_sign_flip(difference, np.zeros(60), clusters, samples=199, rng=generator))
    # Three standard errors of a share of 0.05 in 400 trials.
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.033)


def test_sign_flip_of_equal_methods_and_of_one_cluster():
    values = rng().random(10)
    assert paired_sign_flip(values, values, np.arange(10), rng=rng()) == 1.0
    assert paired_sign_flip(values, 0 * values, np.zeros(10), rng=rng()) == 1.0


def test_sign_flip_is_symmetric_and_never_zero():
    a, b = np.ones(40), np.zeros(40)
    p = paired_sign_flip(a, b, np.arange(40), samples=99, rng=rng())
    assert p == paired_sign_flip(b, a, np.arange(40), samples=99, rng=rng()) == 0.01


def test_sign_flip_of_several_metrics():
    a, b = rng().random((20, 3)), rng(1).random((20, 3))
    p = paired_sign_flip(a, b, np.arange(20), rng=rng(2))
    assert p[1] == paired_sign_flip(a[:, 1], b[:, 1], np.arange(20), rng=rng(2))


def test_holm_worked_example():
    # 4 x .005 = .02, 3 x .01 = .03, 2 x .03 = .06, and 1 x .04 = .04 is raised to .06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]).shape == (0,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": []}, r"values of shape \(0,\)"),
        ({"values": [0.0, np.nan]}, "query 1 is NaN"),
        ({"strata": [0]}, r"strata of shape \(1,\) must hold one label for each of 2 queries"),
        ({"clusters": [0, 1, 2]}, r"clusters of shape \(3,\)"),
        ({"samples": 0}, "samples=0"),
        ({"level": 95}, "level=95 must lie between 0 and 1"),
    ],
)
def test_wrong_arguments_of_the_interval_are_named(change, message):
    arguments = {"values": [0.0, 1.0], "strata": [0, 0], "clusters": [0, 1]} | change
    with pytest.raises(ParameterError, match=message):
        bootstrap_interval(rng=rng(), **arguments)


def test_wrong_arguments_of_the_tests_are_named():
    with pytest.raises(ParameterError, match=r"a of shape \(2,\) and b of shape \(3,\)"):
        paired_sign_flip([0.0, 1.0], [0.0, 1.0, 2.0], [0, 1], rng=rng())
    with pytest.raises(ParameterError, match="b: query 0 is NaN"):
        paired_sign_flip([0.0], [np.inf], [0], rng=rng())
    with pytest.raises(ParameterError, match=r"p_values=\[1.5\]"):
        holm([1.5])
