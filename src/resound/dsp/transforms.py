r"""Discrete cosine and sine transforms (DCT, DST) of types 1 to 4, as orthonormal matrices.

Row k of a matrix holds the basis function of coefficient k. With the weights
:math:`s = 1/\sqrt 2` at the marked indices and 1 elsewhere:

========  =======================================================================  =============
DCT-I     :math:`\sqrt{2/(N-1)}\, s_k s_n \cos(\pi k n / (N-1))`                   0 and N - 1
DCT-II    :math:`\sqrt{2/N}\, s_k \cos(\pi k (2n+1) / 2N)`                         k = 0
DCT-IV    :math:`\sqrt{2/N} \cos(\pi (2k+1) (2n+1) / 4N)`                          none
DST-I     :math:`\sqrt{2/(N+1)} \sin(\pi (k+1) (n+1) / (N+1))`                     none
DST-II    :math:`\sqrt{2/N}\, s_k \sin(\pi (k+1) (2n+1) / 2N)`                     k = N - 1
DST-IV    :math:`\sqrt{2/N} \sin(\pi (2k+1) (2n+1) / 4N)`                          none
========  =======================================================================  =============

Type III is the transpose of type II. All equal ``scipy.fft.dct`` and ``dst`` with
``norm="ortho"``. Source: V. Britanak, P. Yip, K. R. Rao, *Discrete Cosine and Sine Transforms*,
Academic Press 2007, section 2.2.
"""

import functools

import numpy as np

from resound.dsp.arrays import FloatArray
from resound.errors import ParameterError, check_choice, check_positive_int

TYPES = (1, 2, 3, 4)


@functools.lru_cache(maxsize=16, typed=True)
def dct_matrix(size: int, n_coefficients: int | None = None, *, type: int = 2) -> FloatArray:
    """Return the first rows of an orthonormal DCT matrix.

    Parameters
    ----------
    size : int
        Length N of the vectors to transform.
    n_coefficients : int, optional
        Rows to keep; all N by default.
    type : {1, 2, 3, 4}
        Type of the transform; type 1 needs ``size >= 2``.

    Returns
    -------
    ndarray of float64, shape (n_coefficients, size)
        Read-only, since calls with equal arguments share it.

    Raises
    ------
    ParameterError
        For an unknown type, or more coefficients than `size`.

    Examples
    --------
    >>> dct_matrix(4, 2).round(2)
    array([[ 0.5 ,  0.5 ,  0.5 ,  0.5 ],
           [ 0.65,  0.27, -0.27, -0.65]])
    """
    rows = _check_rows(size, n_coefficients)
    k, n = np.ogrid[:size, :size]
    match check_choice("type", type, TYPES):
        case 1:
            if size < 2:
                raise ParameterError(f"size={size} is too short for DCT-I; it needs at least 2")
            ends = np.where((np.arange(size) % (size - 1)) == 0, np.sqrt(0.5), 1.0)
            matrix = np.sqrt(2 / (size - 1)) * np.cos(np.pi * k * n / (size - 1))
            matrix *= np.outer(ends, ends)
        case 2:
            matrix = np.sqrt(2 / size) * np.cos(np.pi * k * (2 * n + 1) / (2 * size))
            matrix[0] *= np.sqrt(0.5)
        case 3:
            matrix = dct_matrix(size, type=2).T.copy()
        case _:
            matrix = np.sqrt(2 / size) * np.cos(np.pi * (2 * k + 1) * (2 * n + 1) / (4 * size))
    return _frozen(matrix[:rows])


@functools.lru_cache(maxsize=16, typed=True)
def dst_matrix(size: int, n_coefficients: int | None = None, *, type: int = 2) -> FloatArray:
    """Return the first rows of an orthonormal DST matrix; its arguments are `dct_matrix`'s.

    Returns
    -------
    ndarray of float64, shape (n_coefficients, size)
        Read-only, since calls with equal arguments share it.

    Raises
    ------
    ParameterError
        For an unknown type, or more coefficients than `size`.

    Examples
    --------
    >>> dst_matrix(4, 1).round(2)
    array([[0.27, 0.65, 0.65, 0.27]])
    """
    rows = _check_rows(size, n_coefficients)
    k, n = np.ogrid[:size, :size]
    match check_choice("type", type, TYPES):
        case 1:
            matrix = np.sqrt(2 / (size + 1)) * np.sin(np.pi * (k + 1) * (n + 1) / (size + 1))
        case 2:
            matrix = np.sqrt(2 / size) * np.sin(np.pi * (k + 1) * (2 * n + 1) / (2 * size))
            matrix[-1] *= np.sqrt(0.5)
        case 3:
            matrix = dst_matrix(size, type=2).T.copy()
        case _:
            matrix = np.sqrt(2 / size) * np.sin(np.pi * (2 * k + 1) * (2 * n + 1) / (4 * size))
    return _frozen(matrix[:rows])


def project(values: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return ``values @ matrix.T``, computed and returned in the dtype of `values`.

    Parameters
    ----------
    values : ndarray, shape (..., size)
        Vectors along the last axis, float32 or float64.
    matrix : ndarray, shape (rows, size)
        A transform or a filter bank.

    Returns
    -------
    ndarray, shape (..., rows)
        In the dtype of `values`.

    Examples
    --------
    >>> project(np.ones((3, 4)), dct_matrix(4, 2)).round(2) + 0.0
    array([[2., 0.],
           [2., 0.],
           [2., 0.]])
    """
    rows = values.reshape(-1, values.shape[-1])
    product: FloatArray = rows @ matrix.astype(values.dtype, copy=False).T
    return product.reshape(*values.shape[:-1], len(matrix))


def _check_rows(size: int, n_coefficients: int | None) -> int:
    size = check_positive_int("size", size)
    rows = size if n_coefficients is None else check_positive_int("n_coefficients", n_coefficients)
    if rows > size:
        raise ParameterError(f"n_coefficients={rows} must not exceed the size={size} of the input")
    return rows


def _frozen(matrix: FloatArray) -> FloatArray:
    matrix = np.ascontiguousarray(matrix)
    matrix.setflags(write=False)
    return matrix
