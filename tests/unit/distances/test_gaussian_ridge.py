import numpy as np
import pytest

from resound.distances.gaussian import pairwise
from resound.errors import ParameterError

CLIPS = np.random.default_rng(0).normal(size=(2, 8, 3))


@pytest.mark.trouble("a number of numpy where one of Python is meant", "the same distances")
@pytest.mark.parametrize("ridge", [np.float32(4), np.int64(4), 4])
def test_a_ridge_is_any_kind_of_number(ridge):
    np.testing.assert_array_equal(
        pairwise(CLIPS, CLIPS, ridge=ridge), pairwise(CLIPS, CLIPS, ridge=4.0)
    )


@pytest.mark.parametrize("ridge", [True, "4", np.array([4.0]), np.nan, 0])
def test_a_ridge_is_a_number(ridge):
    with pytest.raises(ParameterError, match=r"ridge=.* must be a positive number"):
        pairwise(CLIPS, CLIPS, ridge=ridge)
