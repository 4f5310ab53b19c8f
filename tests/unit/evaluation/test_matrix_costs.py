import numpy as np
import pytest

from resound.dsp.matrix import spectrogram_operator
from resound.errors import ParameterError
from resound.evaluation import matrix_costs
from resound.evaluation.matrix_costs import fft_spectrogram, measure_costs, median_seconds

SETTING = {"n_fft": 16, "hop_length": 6, "window": "hann", "periodic": False}


def test_a_row_has_all_that_the_table_tells():
    row = measure_costs(200, rounds=2, **SETTING)
    assert list(row) == [
        "n_samples", "shape", "nonzeros", "sparse_bytes", "dense_bytes",
        "seconds_build", "seconds_sparse", "seconds_operator", "seconds_fft", "max_difference",
    ]  # fmt: skip
    n_rows = (1 + (200 - 16) // 6) * 16
    assert (row["n_samples"], row["shape"]) == (200, (n_rows, 200))
    assert row["nonzeros"] == n_rows * 14
    assert row["sparse_bytes"] == n_rows * 14 * (8 + 4) + (n_rows + 1) * 4
    assert row["dense_bytes"] == n_rows * 200 * 8
    assert all(row[name] > 0 for name in row if name.startswith("seconds_"))
    assert 0 < row["max_difference"] < 1e-6


@pytest.mark.parametrize("periodic", [False, True])
def test_the_fft_beside_it_is_the_same_spectrogram(periodic):
    setting = SETTING | {"periodic": periodic}
    clip = np.random.default_rng(0).standard_normal(200)
    expected = spectrogram_operator(200, dtype="complex128", **setting) @ clip
    np.testing.assert_allclose(fft_spectrogram(clip, **setting).ravel(), expected, atol=1e-13)


def test_a_product_that_differs_is_seen(monkeypatch):
    monkeypatch.setattr(matrix_costs, "fft_spectrogram", lambda x, **_: np.full((31, 16), 2.0))
    assert measure_costs(200, rounds=1, **SETTING)["max_difference"] > 0.5


def test_steps_take_turns_and_the_median_is_told(monkeypatch):
    clock = iter([0, 1, 0, 10, 0, 5, 0, 10, 0, 3, 0, 10])
    monkeypatch.setattr("resound.evaluation.matrix_costs.time.perf_counter", lambda: next(clock))
    order = []
    steps = {name: lambda name=name: order.append(name) for name in "ab"}
    assert median_seconds(steps, 3) == {"a": 3, "b": 10}
    assert "".join(order) == "aabb" * 3


def test_rounds_must_be_positive():
    with pytest.raises(ParameterError, match="rounds=0 must be a positive integer"):
        measure_costs(200, rounds=0, **SETTING)
