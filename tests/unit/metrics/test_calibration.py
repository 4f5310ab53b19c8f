"""Calibration: against plain loops, a search on a grid, and what is known of simple cases."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from resound.errors import ParameterError
from resound.metrics.calibration import (
    TEMPERATURES,
    brier_scores,
    calibration_error,
    log_losses,
    temperature,
)


@st.composite
def classified(draw, n_min=1):
    n, c = draw(st.integers(n_min, 12)), draw(st.integers(1, 5))
    logits = draw(arrays(np.float64, (n, c), elements=st.floats(-30, 30)))
    return logits, draw(arrays(np.int64, n, elements=st.integers(0, c - 1)))


def plain_softmax(row):
    top = max(row)
    shares = [math.exp(value - top) for value in row]
    return [share / sum(shares) for share in shares]


@given(classified())
def test_losses_and_scores_are_those_of_plain_loops(given_):
    logits, y = given_
    p = [plain_softmax(row) for row in logits]
    losses = [-math.log(max(row[k], 1e-300)) for row, k in zip(p, y, strict=True)]
    squares = [
        sum((share - (c == k)) ** 2 for c, share in enumerate(row))
        for row, k in zip(p, y, strict=True)
    ]
    np.testing.assert_allclose(log_losses(logits, y), losses, atol=1e-9)
    np.testing.assert_allclose(brier_scores(logits, y), squares, atol=1e-12)


@given(classified(), st.integers(1, 20))
def test_the_calibration_error_is_that_of_plain_loops(given_, n_bins):
    logits, y = given_
    told, n = 0.0, len(y)
    bins = {}
    for row, k in zip(logits, y, strict=True):
        p = plain_softmax(row)
        best = max(range(len(p)), key=lambda c: row[c])
        if abs(p[best] * n_bins - round(p[best] * n_bins)) < 1e-9 and p[best] < 1:
            return  # on the edge of two bins rounding decides
        bins.setdefault(min(math.ceil(p[best] * n_bins), n_bins), []).append((best == k, p[best]))
    for found in bins.values():
        right = sum(is_right for is_right, _ in found) / len(found)
        told += len(found) / n * abs(right - sum(sure for _, sure in found) / len(found))
    assert calibration_error(logits, y, n_bins=n_bins) == pytest.approx(told, abs=1e-9)


@given(classified(n_min=2))
def test_no_temperature_of_a_grid_is_better(given_):
    logits, y = given_
    found = temperature(logits, y)
    grid = np.geomspace(*TEMPERATURES, 400)
    losses = [log_losses(logits / t, y).mean() for t in grid]
    assert log_losses(logits / found, y).mean() <= min(losses) + 1e-6
    assert TEMPERATURES[0] <= found <= TEMPERATURES[1]


def test_the_temperature_of_known_probabilities_is_found():
    """Logits that are twice too large, of classes drawn from the probabilities themselves."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(20_000, 4))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    y = (rng.random((len(z), 1)) > p.cumsum(axis=1)).sum(axis=1)
    assert temperature(2 * z, y) == pytest.approx(2, rel=0.05)
    assert calibration_error(z, y) < 0.02 < calibration_error(4 * z, y)


def test_where_all_are_right_or_none_is_the_temperature_stays_within_its_bounds():
    z = np.eye(3) * 4
    low = temperature(z, [0, 1, 2])
    assert TEMPERATURES[0] <= low < 0.2
    assert log_losses(z / low, [0, 1, 2]).max() < 1e-12
    assert temperature(z, [1, 2, 0]) == pytest.approx(TEMPERATURES[1], rel=1e-3)


@pytest.mark.parametrize(
    ("logits", "y", "said"),
    [
        (np.zeros((0, 3)), [], "one clip or more"),
        (np.zeros((2, 3)), [0], r"shape \(2, 3\) and y of shape \(1,\)"),
        ([[np.inf, 0.0]], [0], "must be finite"),
        ([[0.0, 0.0]], [2], "class numbers from 0 to 1"),
        ([[0.0, 0.0]], [0.5], "class numbers from 0 to 1"),
    ],
)
def test_what_cannot_be_scored_is_said(logits, y, said):
    for score in (log_losses, brier_scores, calibration_error, temperature):
        with pytest.raises(ParameterError, match=said):
            score(logits, y)


def test_no_bin_is_an_error():
    with pytest.raises(ParameterError, match="n_bins=0"):
        calibration_error([[0.0, 0.0]], [0], n_bins=0)
