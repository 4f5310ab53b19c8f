import math

import hypothesis.strategies as st
import pytest
from hypothesis import given

from resound.training.module import learning_rate_factor


@given(st.integers(0, 50), st.integers(1, 500))
def test_the_rate_rises_to_its_largest_and_falls_to_nothing(warmup, decay):
    steps = warmup + decay
    factors = [learning_rate_factor(step, warmup, steps) for step in range(steps + 1)]
    assert all(0 <= factor <= 1 for factor in factors)
    assert factors[: warmup + 1] == sorted(factors[: warmup + 1])
    assert factors[warmup:] == sorted(factors[warmup:], reverse=True)
    assert factors[warmup] == 1
    assert factors[steps] == pytest.approx(0, abs=1e-12)


def test_the_schedule_is_linear_and_then_half_a_cosine():
    assert [learning_rate_factor(step, 4, 104) for step in range(5)] == [0.25, 0.5, 0.75, 1, 1]
    assert learning_rate_factor(54, 4, 104) == pytest.approx(0.5)
    assert learning_rate_factor(29, 4, 104) == pytest.approx((1 + math.sqrt(0.5)) / 2)
