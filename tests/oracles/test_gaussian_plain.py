"""The distance of Gaussians against its definition, and what it promises of pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import multivariate_normal

from resound.distances.gaussian import pairwise
from resound.errors import ParameterError

NUMBERS = st.floats(-50, 50, width=32)


@st.composite
def clips(draw, dims=None):
    """Draw some clips of some frames."""
    dims = dims or draw(st.integers(1, 4))
    shape = draw(st.integers(1, 4)), draw(st.integers(1, 6)), dims
    return draw(hnp.arrays(np.float32, shape, elements=NUMBERS))


@st.composite
def both(draw):
    """Draw queries and a gallery of the same dims."""
    x = draw(clips())
    return x, draw(clips(dims=x.shape[2]))


def plain(x, y, ridge):
    """Return the root of KL(x, y) + KL(y, x) by the formula of each, with determinants."""
    (mu, sigma), (nu, tau) = (
        (frames.mean(0), np.cov(frames.T, bias=True).reshape(2 * (len(frames.T),)) + ridge * eye)
        for frames in (x.astype(float), y.astype(float))
        for eye in [np.eye(frames.shape[1])]
    )

    def kl(mean, spread, other, around):
        inverse = np.linalg.inv(around)
        gap = other - mean
        logs = np.linalg.slogdet(around)[1] - np.linalg.slogdet(spread)[1]
        return (np.trace(inverse @ spread) - len(mean) + gap @ inverse @ gap + logs) / 2

    return np.sqrt(max(0.0, kl(mu, sigma, nu, tau) + kl(nu, tau, mu, sigma)))


@given(both(), st.sampled_from([0.5, 30.0]))
def test_it_is_the_root_of_both_divergences(pair, ridge):
    x, y = pair
    expected = [[plain(a, b, ridge) for b in y] for a in x]
    # Of a sum that is nearly 0 the oracle's determinants leave the root of their rounding.
    np.testing.assert_allclose(pairwise(x, y, ridge=ridge), expected, rtol=1e-6, atol=1e-5)


@given(both())
def test_a_pair_has_one_value_whatever_is_computed_with_it(pair):
    x, y = pair
    whole = pairwise(x, y)
    alone = [[pairwise(a[None], b[None])[0, 0] for b in y] for a in x]
    np.testing.assert_array_equal(whole, alone)
    np.testing.assert_array_equal(whole, pairwise(y, x).T)
    np.testing.assert_array_equal(np.diag(pairwise(x, x)), 0)
    np.testing.assert_array_equal(whole, pairwise(x, y, n_threads=1))


def test_it_is_the_mean_of_log_ratios_of_samples():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((500, 2)), 2 + 1.5 * rng.standard_normal((400, 2))
    gaussians = [
        multivariate_normal(frames.mean(0), np.cov(frames.T, bias=True) + np.eye(2))
        for frames in (x, y)
    ]
    drawn = [of.rvs(200_000, random_state=1) for of in gaussians]
    one = (gaussians[0].logpdf(drawn[0]) - gaussians[1].logpdf(drawn[0])).mean()
    other = (gaussians[1].logpdf(drawn[1]) - gaussians[0].logpdf(drawn[1])).mean()
    found = pairwise(x[None], y[None], ridge=1.0)[0, 0]
    assert found == pytest.approx(np.sqrt(one + other), rel=0.01)


def test_silence_is_finitely_far():
    silent = np.full((1, 9, 3), -100.0)
    heard = np.random.default_rng(0).standard_normal((1, 9, 3))
    assert np.isfinite(pairwise(silent, heard)).all()


@pytest.mark.parametrize(
    ("x", "y", "options", "said"),
    [
        (np.ones((1, 2, 3)), np.ones((1, 2, 2)), {}, "3 and 2 dims"),
        (np.full((1, 2, 1), 1e200), np.ones((1, 2, 1)), {}, "queries: clip 0"),
        (np.ones((1, 2, 1)), np.full((2, 2, 1), np.nan), {}, "gallery: clip 0"),
        (np.ones((1, 2, 1)), np.ones((1, 2, 1)), {"ridge": 0}, "ridge=0"),
        (np.ones((1, 2, 1)), np.ones((1, 2, 1)), {"ridge": True}, "ridge=True"),
        (np.ones((1, 2, 1)), np.ones((1, 2, 1)), {"n_threads": 0}, "n_threads=0"),
    ],
)
def test_what_makes_no_sense_is_refused(x, y, options, said):
    with pytest.raises(ParameterError, match=said):
        pairwise(x, y, **options)
