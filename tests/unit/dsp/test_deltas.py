import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resound.dsp.deltas import delta, delta_weights, with_deltas
from resound.errors import ParameterError


def naive_delta(series, order, width):
    """The derivative of the polynomial that np.polyfit fits around each frame."""
    half = width // 2
    values = []
    for t in range(series.size):
        centre = min(max(t, half), series.size - 1 - half)
        frames = np.arange(centre - half, centre + half + 1)
        fit = np.polyfit(frames - centre, series[frames], order)
        values.append(np.polyval(np.polyder(fit, order), t - centre))
    return np.array(values)


@given(
    half=st.integers(1, 6),
    order=st.sampled_from([1, 2]),
    extra=st.integers(0, 10),
    seed=st.integers(0, 999),
)
def test_delta_is_the_derivative_of_the_fitted_polynomial(half, order, extra, seed):
    width = 2 * half + 1
    features = np.random.default_rng(seed).standard_normal((2, width + extra, 3))
    ours = delta(features, order=order, width=width)
    for clip in range(2):
        for dim in range(3):
            expected = naive_delta(features[clip, :, dim], order, width)
            np.testing.assert_allclose(ours[clip, :, dim], expected, atol=1e-11)


def test_derivatives_of_a_parabola_are_exact():
    t = np.arange(20.0)
    features = (3 * t**2 + 2 * t + 1)[:, None]
    np.testing.assert_allclose(delta(features)[4:-4, 0], (6 * t + 2)[4:-4])
    np.testing.assert_allclose(delta(features, order=2)[:, 0], 6)


def test_the_weights_of_the_textbook():
    np.testing.assert_allclose(delta_weights(5, 1), np.array([-2, -1, 0, 1, 2]) / 10)
    np.testing.assert_allclose(delta_weights(5, 2), np.array([2, -1, -2, -1, 2]) / 7)


def test_static_first_second_stand_side_by_side():
    features = np.random.default_rng(0).standard_normal((2, 12, 3)).astype(np.float32)
    stacked = with_deltas(features)
    assert stacked.dtype == np.float32
    np.testing.assert_array_equal(
        stacked, np.concatenate([features, delta(features), delta(features, order=2)], axis=2)
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 4}, "width=4 must be an odd number of frames, 3 or more"),
        ({"width": 1}, "width=1 must be an odd number"),
        ({"width": 9.0}, "width=9.0 must be a positive integer of frames"),
        ({"order": 3}, "order=3 is not known"),
        ({"width": 13}, "width=13 frames of a derivative need a clip at least as long, not 12"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        delta(np.ones((12, 2)), **options)
