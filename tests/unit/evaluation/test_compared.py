"""What a run compares of a bank: its clips as stored, pooled over windows, normalised."""

import numpy as np
import pytest

from resound.evaluation.distances import open_compared
from resound.retrieval.normalisation import normalise
from resound.store import create_array

IDS = ["a", "b", "c", "d", "e"]
GALLERY = ["a", "c", "e"]
SPEC = {"encoder": "tiny"}


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    """Return the file of a bank of five clips of three windows, and its values."""
    path = tmp_path_factory.mktemp("compared") / "bank.npy"
    values = np.random.default_rng(0).normal(2, 1, (5, 3, 4)).astype(np.float32)
    with create_array(path, values.shape, "float32", spec=SPEC, ids={"clips": IDS}) as array:
        array[:] = values
    return path, values


def compared(bank, **how):
    return open_compared(bank[0], {"bank": SPEC, **how}, GALLERY)


def test_a_bank_stays_as_it_is_stored(bank):
    made = compared(bank)
    np.testing.assert_array_equal(made.values, bank[1])
    assert isinstance(made.values, np.memmap)


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_windows_are_pooled_before_they_are_normalised(bank, pooling):
    one = getattr(bank[1], pooling)(axis=1, keepdims=True)
    np.testing.assert_allclose(compared(bank, pooling=pooling).values, one, rtol=1e-6)
    made = compared(bank, pooling=pooling, normalise=["centre", "unit"])
    expected = normalise(one, one[[0, 2, 4]], ["centre", "unit"])
    np.testing.assert_allclose(made.values, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(made.rows(["d"]), expected[3:4], rtol=1e-4, atol=1e-6)


def test_of_a_sequence_each_window_is_normalised(bank):
    made = compared(bank, normalise=["centre"])
    mean = bank[1][[0, 2, 4]].reshape(-1, 4).mean(0)
    np.testing.assert_allclose(made.values, bank[1] - mean, rtol=1e-4, atol=1e-6)
