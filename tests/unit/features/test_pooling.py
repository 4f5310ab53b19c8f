"""Pooling of the vectors of a clip: what each way promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from resound.errors import ParameterError
from resound.features.pooling import POOLINGS, pooled

CLIPS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 4)),
    elements=st.floats(-100, 100, width=32),
)


@given(CLIPS, st.sampled_from(list(POOLINGS)))
def test_each_dim_is_pooled_alone(x, pooling):
    def of_dim(values):
        values = [float(value) for value in values]
        return {"mean": sum(values) / len(values), "max": sorted(values)[-1]}[pooling]

    expected = [[[of_dim(clip[:, i]) for i in range(clip.shape[1])]] for clip in x]
    made = pooled(x, pooling)
    assert made.dtype == x.dtype
    np.testing.assert_allclose(made, expected, rtol=1e-6, atol=1e-5)


@given(CLIPS)
def test_a_sequence_that_is_not_pooled_stays(x):
    assert pooled(x, None) is x


def test_an_unknown_pooling_is_an_error():
    with pytest.raises(ParameterError, match=r"pooling='median' .* mean, max"):
        pooled(np.ones((2, 3, 4)), "median")
