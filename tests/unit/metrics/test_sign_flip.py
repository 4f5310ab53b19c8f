"""Sign-flip tests: against all patterns written out, and their level under true nulls."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resound.errors import ParameterError
from resound.metrics.sign_flip import sign_flip


def rng(seed=0):
    return np.random.default_rng(seed)


def plain(sums):
    """Return the p-values by all patterns, and the adjusted ones step by step."""
    size = np.sqrt((sums**2).sum(axis=0))
    size[size == 0] = 1.0
    patterns = np.array(list(itertools.product([-1, 1], repeat=len(sums))))
    flipped = np.abs(patterns @ sums) / size
    t = np.abs(sums.sum(axis=0)) / size - 1e-9
    alone = [(flipped[:, p] >= t[p]).mean() for p in range(len(t))]
    adjusted, least = [0.0] * len(t), 0.0
    left = sorted(range(len(t)), key=lambda p: -t[p])
    while left:
        least = max(least, (flipped[:, left].max(axis=1) >= t[left[0]]).mean())
        adjusted[left.pop(0)] = least
    return alone, adjusted


@given(st.integers(1, 8), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_few_recordings_are_flipped_in_all_ways(n_recordings, n_tests, seed):
    sums = rng(seed).normal(size=(n_recordings, n_tests))
    sums[rng(seed).random(sums.shape) < 0.2] = 0.0
    found = sign_flip(sums, samples=256, rng=None)
    alone, adjusted = plain(sums)
    np.testing.assert_allclose(found.alone, alone)
    np.testing.assert_allclose(found.adjusted, adjusted)


def test_random_flips_come_near_to_all_of_them():
    sums = rng().normal(size=(12, 4)) + np.array([0.0, 0.2, 0.5, 1.0])
    found = sign_flip(sums, samples=2000, rng=rng(1))
    for of, expected in zip(found, plain(sums), strict=True):
        np.testing.assert_allclose(of, expected, atol=4 * 0.5 / np.sqrt(2000))


def test_a_chosen_best_of_equal_methods_is_rarely_significant():
    """Twelve equal methods, all pairs: adjusted p-values hold for the pair that looks best."""
    pairs = list(itertools.combinations(range(12), 2))
    rejected = 0
    for trial in range(400):
        generator = rng([5, trial])
        methods = generator.normal(size=(40, 12)) + generator.normal(size=(40, 1))
        sums = np.column_stack([methods[:, a] - methods[:, b] for a, b in pairs])
        found = sign_flip(sums, samples=199, rng=generator)
        rejected += found.adjusted.min() <= 0.05
        assert (found.adjusted >= found.alone).all()
    # Three standard errors of a share of 0.05 in 400 trials.
    assert rejected / 400 <= 0.05 + 0.033


def test_a_difference_is_found_among_equal_methods():
    sums = rng().normal(size=(60, 20))
    sums[:, 7] += 1.0
    found = sign_flip(sums, rng=rng(1))
    assert found.adjusted[7] < 0.001
    assert np.delete(found.adjusted, 7).min() > 0.1


def test_equal_methods_one_recording_and_none_to_compare():
    assert sign_flip(np.zeros(10), rng=rng()) == (1.0, 1.0)
    assert sign_flip([3.0], rng=rng()) == (1.0, 1.0)
    assert sign_flip(np.zeros((4, 0)), rng=rng()).alone.shape == (0,)


def test_it_is_symmetric_and_never_zero():
    sums = np.ones(40)
    found = sign_flip(sums, samples=99, rng=rng())
    assert found == sign_flip(-sums, samples=99, rng=rng()) == (0.01, 0.01)


def test_wrong_arguments_are_named():
    with pytest.raises(ParameterError, match="query 0 is NaN"):
        sign_flip([np.inf], rng=rng())
    with pytest.raises(ParameterError, match="samples=0"):
        sign_flip([1.0], samples=0, rng=rng())
