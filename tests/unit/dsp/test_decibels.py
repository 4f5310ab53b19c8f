import numpy as np
import pytest

from resound.dsp.decibels import power_to_db
from resound.errors import ParameterError


def test_decades_are_ten_decibels():
    power = np.array([[[1e-12, 1e-10, 1.0, 100.0]]])
    np.testing.assert_allclose(power_to_db(power, top_db=None), [[[-100, -100, 0, 20]]])
    np.testing.assert_allclose(power_to_db(power, ref=10.0, top_db=None), [[[-110, -110, -10, 10]]])


def test_each_clip_has_its_own_floor():
    power = np.array([[[1e-9, 1.0]], [[1e-9, 1e-5]]])
    np.testing.assert_allclose(power_to_db(power, top_db=30.0), [[[-30, 0]], [[-80, -50]]])


def test_the_input_is_left_alone():
    power = np.ones((1, 2, 3), dtype=np.float32)
    power[0, 0, 0] = 0
    before = power.copy()
    assert power_to_db(power).dtype == np.float32
    np.testing.assert_array_equal(power, before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"amin": 0.0}, "must both be positive powers"),
        ({"ref": -1.0}, "must both be positive powers"),
        ({"top_db": -1.0}, "top_db=-1.0 must be a finite number of at least 0"),
        ({"top_db": "80"}, "top_db='80' must be a finite number"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        power_to_db(np.ones((1, 1, 1)), **options)
