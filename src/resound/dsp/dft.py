"""Discrete Fourier transform of one windowed frame, as a matrix."""

import numpy as np

from resound.dsp.arrays import ComplexArray, FloatArray

ROUNDING = 1e-15  # below any sine or cosine of a turn that is not 0


def windowed_dft(
    weights: FloatArray, n_bins: int, dtype: np.dtype[np.complexfloating]
) -> ComplexArray:
    r"""Return the matrix that takes a frame to its spectrum.

    .. math:: B[k, n] = w[n]\, e^{-2\pi i kn/N}

    The exponential takes N values. They are computed once, in double precision, and picked by
    :math:`kn \bmod N`, so rows k and N - k are conjugates of each other bit for bit, and the rows
    of bins 0 and N / 2 are real.

    Parameters
    ----------
    weights : ndarray, shape (n_fft,)
        Window w over the N = `n_fft` samples of a frame.
    n_bins : int
        Rows, from bin 0: ``n_fft`` for the whole spectrum, ``1 + n_fft // 2`` for its first half.
    dtype : dtype
        complex64 or complex128.

    Returns
    -------
    ndarray, shape (n_bins, n_fft)
        The matrix B, of type `dtype`; ``B @ frame`` is the spectrum.

    Examples
    --------
    >>> B = windowed_dft(np.ones(4), 3, np.dtype(np.complex64))
    >>> np.abs(B @ [1, 0, -1, 0])  # one turn a frame: bin 1
    array([0., 2., 0.])
    """
    n = np.arange(weights.size)
    block: ComplexArray = _turns(weights.size).astype(dtype)[n[:n_bins, np.newaxis] * n % n.size]
    block *= weights.astype(block.real.dtype)
    return block


def _turns(n: int) -> ComplexArray:
    """Return the n-th roots of unity, clockwise from 1; the second half mirrors the first."""
    half = np.exp(-2j * np.pi / n * np.arange(n // 2 + 1))
    for part in (half.real, half.imag):
        part[np.abs(part) < ROUNDING] = 0
    return np.concatenate([half, half[1 : (n + 1) // 2][::-1].conj()])
