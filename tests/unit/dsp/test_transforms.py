import numpy as np
import pytest
import scipy.fft
from hypothesis import given
from hypothesis import strategies as st

from resound.dsp.transforms import dct_matrix, dst_matrix, project
from resound.errors import ParameterError

BOTH = [(dct_matrix, scipy.fft.dct), (dst_matrix, scipy.fft.dst)]


@pytest.mark.parametrize(("build", "oracle"), BOTH)
@given(size=st.integers(2, 80), kind=st.integers(1, 4), seed=st.integers(0, 99))
def test_matrices_are_scipys_transforms(build, oracle, size, kind, seed):
    values = np.random.default_rng(seed).standard_normal((3, size))
    expected = oracle(values, type=kind, norm="ortho", axis=-1)
    np.testing.assert_allclose(project(values, build(size, type=kind)), expected, atol=1e-12)


@pytest.mark.parametrize("build", [dct_matrix, dst_matrix])
@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_matrices_are_orthonormal(build, kind):
    matrix = build(33, type=kind)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(33), atol=1e-13)


@pytest.mark.parametrize("build", [dct_matrix, dst_matrix])
def test_the_first_coefficients_are_kept(build):
    np.testing.assert_array_equal(build(20, 5), build(20)[:5])


def test_one_value_is_its_own_dct():
    np.testing.assert_allclose(dct_matrix(1), [[1.0]])


def test_project_keeps_precision_and_leading_axes():
    values = np.ones((2, 3, 8), dtype=np.float32)
    product = project(values, dct_matrix(8, 4))
    assert product.shape == (2, 3, 4)
    assert product.dtype == np.float32


@pytest.mark.parametrize("build", [dct_matrix, dst_matrix])
def test_bad_arguments_are_refused(build):
    with pytest.raises(ParameterError, match="type=5 is not known"):
        build(8, type=5)
    with pytest.raises(ParameterError, match="n_coefficients=9 must not exceed the size=8"):
        build(8, 9)
    with pytest.raises(ParameterError, match="size=0 must be a positive integer"):
        build(0)


def test_dct_1_needs_two_values():
    with pytest.raises(ParameterError, match="size=1 is too short for DCT-I"):
        dct_matrix(1, type=1)
