"""Plan of a transform in `resound.dsp._fft_kernels`: radices and roots for one frame length."""

import functools
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from resound.dsp.arrays import ComplexArray, FloatArray

# Below, columns are shorter than the points that come out of one transposition.
SHORTEST = 64


class Plan(NamedTuple):
    """The arguments of the kernel that follow from `n_fft` alone, for n = n_fft / 2 = n1 n2 points.

    Complex numbers are real and imaginary parts in turns.

    Attributes
    ----------
    column_radices, row_radices : ndarray of int64
        The radix of each pass over n1 and over n2 points.
    column_roots, row_roots : ndarray, flat
        The factors of all passes but the first.
    between : ndarray, shape (n1, 2 * n2)
        ``exp(-2 pi i j2 k1 / n)``, in the order of the first pass over row k1.
    split : ndarray, shape (n1, 2 * n2)
        ``exp(-pi i k / n) / i`` of bin k = k1 + n1 k2.
    """

    column_radices: npt.NDArray[np.int64]
    column_roots: FloatArray
    row_radices: npt.NDArray[np.int64]
    row_roots: FloatArray
    between: FloatArray
    split: FloatArray


def has_plan(n_fft: int) -> bool:
    """Return whether there is a plan for frames of `n_fft` samples."""
    return n_fft >= SHORTEST and n_fft.bit_count() == 1


@functools.lru_cache(maxsize=8)
def make_plan(n_fft: int, dtype: np.dtype[Any]) -> Plan:
    """Return the plan for frames of `n_fft` samples, a power of two."""
    n = n_fft // 2
    n1 = 1 << ((n.bit_length() - 1) // 2)
    n2 = n // n1
    columns, rows = _radices(n1), _radices(n2)
    k1, p, s = np.ogrid[:n1, : n2 // rows[0], : rows[0]]
    between = _root(k1 * (p + n2 // rows[0] * s), n)
    k1, k2 = np.ogrid[:n1, :n2]
    split = _root(k1 + n1 * k2, 2 * n) / 1j
    return Plan(
        np.array(columns),
        _interleaved(_pass_roots(columns), dtype),
        np.array(rows),
        _interleaved(_pass_roots(rows), dtype),
        _interleaved(between, dtype).reshape(n1, -1),
        _interleaved(split, dtype).reshape(n1, -1),
    )


def _radices(n: int) -> list[int]:
    """Return factors 8 and 4 of a power of two from 4 on: few passes, none of radix 2."""
    radices = []
    while n > 1:
        radices.append(8 if n == 8 or n > 16 else 4)
        n //= radices[-1]
    return radices


def _pass_roots(radices: list[int]) -> ComplexArray:
    """Return the factors exp(-2 pi i s k / (span radix)) of point s of butterfly k, by passes."""
    roots, span = [np.empty(0, complex)], radices[0]
    for radix in radices[1:]:
        k, s = np.ogrid[:span, :radix]
        roots.append(_root(s * k, span * radix).ravel())
        span *= radix
    return np.concatenate(roots)


def _root(power: npt.NDArray[np.int64], order: int) -> ComplexArray:
    """Return exp(-2 pi i power / order)."""
    roots: ComplexArray = np.exp(-2j * np.pi * (power % order) / order)
    return roots


def _interleaved(numbers: ComplexArray, dtype: np.dtype[Any]) -> FloatArray:
    return np.stack([numbers.real, numbers.imag], axis=-1).ravel().astype(dtype)
