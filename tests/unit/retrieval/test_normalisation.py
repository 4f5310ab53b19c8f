"""Normalisation of embeddings: what each step promises, on the gallery that it is fitted on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from resound.errors import ParameterError
from resound.retrieval.normalisation import SHRINKAGE, STEPS, normalise

NUMBERS = st.floats(-100, 100, width=32)
SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 3), st.integers(1, 5))


@st.composite
def compared(draw):
    """Draw clips and a gallery of the same dims."""
    shape = draw(SHAPES)
    x = draw(hnp.arrays(np.float32, shape, elements=NUMBERS))
    others = draw(SHAPES)[:2]
    return x, draw(hnp.arrays(np.float32, (*others, shape[2]), elements=NUMBERS))


def plain(x, gallery, steps):
    """Return the same vector by vector, in float64, by the formulas."""
    vectors = [list(frame) for clip in np.asarray(gallery, float) for frame in clip]
    fitted = np.array(vectors)
    found = np.array([list(frame) for clip in np.asarray(x, float) for frame in clip])
    for step in steps:
        mean = sum(fitted) / len(fitted)
        if step == "unit":
            found, fitted = (
                np.array([v / np.sqrt(v @ v) if v.any() else v for v in part])
                for part in (found, fitted)
            )
            continue
        turn = np.eye(len(mean))
        if step == "standardise":
            deviation = np.sqrt(sum((v - mean) ** 2 for v in fitted) / len(fitted))
            flat = deviation <= 1e-9 * np.abs(fitted).max(axis=0)
            turn = np.diag([0.0 if no else 1 / d for no, d in zip(flat, deviation, strict=True)])
        if step == "whiten":
            covariance = sum(np.outer(v - mean, v - mean) for v in fitted) / len(fitted)
            ridge = SHRINKAGE * np.trace(covariance) / len(mean)
            if ridge == 0:
                turn = np.zeros_like(covariance)
            else:
                values, axes = np.linalg.eigh(covariance + ridge * np.eye(len(mean)))
                turn = axes @ np.diag(values**-0.5) @ axes.T
        found, fitted = (found - mean) @ turn, (fitted - mean) @ turn
    return found.reshape(np.shape(x))


@given(compared(), st.permutations(list(STEPS)), st.integers(0, 3))
def test_it_is_what_the_formulas_say(both, order, count):
    x, gallery = both
    expected = plain(x, gallery, order[:count])
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(
        normalise(x, gallery, order[:count]), expected, rtol=0, atol=2e-4 * scale
    )


def test_a_whitened_gallery_has_no_mean_and_nearly_unit_variances():
    rng = np.random.default_rng(0)
    gallery = rng.standard_normal((500, 1, 4)) @ rng.standard_normal((4, 4)) + 7
    white = normalise(gallery, gallery, ["whiten"])[:, 0]
    np.testing.assert_allclose(white.mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(np.cov(white.T, bias=True), np.eye(4), atol=0.05)


def test_each_clip_stands_for_itself():
    rng = np.random.default_rng(1)
    x, gallery = rng.standard_normal((2, 9, 2, 5)).astype(np.float32)
    whole = normalise(x, gallery, ["centre", "whiten", "unit"])
    assert whole.dtype == np.float32
    alone = normalise(x[4:5], gallery, ["centre", "whiten", "unit"])
    np.testing.assert_array_equal(whole[4:5], alone)


@pytest.mark.parametrize(
    ("shape", "steps", "message"),
    [
        ((3, 1, 4), ["center"], "normalise='center' .* centre, standardise, whiten, unit"),
        ((0, 1, 4), ["centre"], r"gallery of shape \(0, 1, 4\) must hold vectors of the 4 dims"),
        ((3, 1, 5), ["centre"], r"gallery of shape \(3, 1, 5\) must hold vectors of the 4 dims"),
    ],
)
def test_what_cannot_be_fitted_is_an_error(shape, steps, message):
    with pytest.raises(ParameterError, match=message):
        normalise(np.ones((2, 1, 4)), np.ones(shape), steps)
