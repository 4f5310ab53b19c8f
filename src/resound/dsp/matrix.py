r"""Spectrogram as one matrix product, :math:`\mathrm{vec}(S) = A x`.

Row :math:`tK + k` of A takes the sound x to bin k of frame t, K bins a frame; so vec(S) is the
spectrogram (frames, bins) read row by row: ``(A @ x).reshape(-1, n_bins)`` is S. With a window w of
N = `n_fft` samples, the hop H, and P = N // 2 for centred frames or 0:

.. math:: A[tK + k,\; tH - P + n] = w[n]\, e^{-2\pi i kn/N}, \quad 0 \le n < N

and 0 elsewhere. Every frame has the same block of K rows, moved by H columns. In the two-sided A,
rows tK + k and tK + N - k are conjugates of each other for 0 < k < N, since x is multiplied by
cosines that are even in k and sines that are odd; the rows of k = 0 and of k = N / 2 are real. The
real part of a frame's block is therefore its own mirror image about bin N / 2, and the imaginary
part its own with the sign turned round: the one-sided A has all there is to know of a real sound.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse

from resound.dsp._layout import Array, Layout, check_columns, check_precision, make_layout
from resound.dsp._matrix_free import SpectrogramOperator
from resound.dsp.arrays import FloatArray
from resound.errors import ParameterError, check_positive_int

DENSE_BYTES = 2**30  # the largest dense matrix
INDEX_LIMIT = np.iinfo(np.int32).max


def spectrogram_operator(
    n_samples: int,
    n_fft: int = 64,
    hop_length: int = 32,
    window: str = "hann",
    periodic: bool = False,
    onesided: bool = False,
    center: bool = False,
    pad_end: bool = False,
    dtype: npt.DTypeLike = np.complex64,
    *,
    as_linear_operator: bool = False,
    dense: bool = False,
) -> Any:
    """Return the matrix A that takes a sound to its complex spectrogram, vec(S) = A x.

    The module's docstring has the formula and the symmetry of A. It has ``1 + (n_samples - n_fft)
    // hop_length`` frames.

    Parameters
    ----------
    n_samples : int
        Samples of the sound, the columns of A; at least `n_fft`.
    n_fft, hop_length : int
        Length of a frame and distance between two, in samples.
    window : {"hann", "hamming"}
        Window of `n_fft` samples.
    periodic : bool
        Periodic window, as the features use; symmetric otherwise.
    onesided : bool
        Bins 0 to ``n_fft // 2`` alone, not all `n_fft`.
    center : bool
        Frame t is centred on sample ``t * hop_length``, with ``n_fft // 2`` zeros on both sides
        of the sound, as in `resound.dsp.stft`; otherwise it starts there.
    pad_end : bool
        One frame more where samples are left over, with zeros after the last: the division above
        rounds up. ``n_samples = 64 + 32 m`` with the defaults gives ``2 n_samples - 64`` rows
        either way.
    dtype : complex64 or complex128
        Precision of A. A sparse or dense A is fastest with an x of the matching real type.
    as_linear_operator : bool
        Return an operator that stores no matrix: `SpectrogramOperator`.
    dense : bool
        Return a plain array, of at most 1 GiB.

    Returns
    -------
    csr_array, LinearOperator or ndarray, shape (n_frames * n_bins, n_samples)
        A row of the CSR array holds the samples where the window is not 0 and which lie within the
        sound: 62 of 64 for the defaults. The zeros at a window's ends are not stored. Its bytes
        are 12 (complex64) or 20 (complex128) an entry, while both the entries and the columns
        can be counted in 32 bits; it is built in about that much memory, without a loop over
        frames or entries.

    Raises
    ------
    ParameterError
        For a length that is not a positive integer, fewer samples than `n_fft`, an unknown window
        or dtype, a dense matrix above 1 GiB, or both forms at once.

    Examples
    --------
    >>> A = spectrogram_operator(256)
    >>> A.shape
    (448, 256)
    """
    layout = make_layout(
        n_samples,
        n_fft=n_fft,
        hop_length=hop_length,
        window=window,
        periodic=periodic,
        onesided=onesided,
        center=center,
        pad_end=pad_end,
    )
    precision = check_precision(dtype)
    if as_linear_operator and dense:
        raise ParameterError(
            "as_linear_operator=True and dense=True are two forms of one matrix; choose one"
        )
    if as_linear_operator:
        return SpectrogramOperator(layout, precision)
    if dense:
        _check_dense(layout, precision)
        return _csr(layout, precision).toarray()
    return _csr(layout, precision)


def apply(operator: Any, x: npt.ArrayLike) -> Array:
    """Return A x after checking x.

    Parameters
    ----------
    operator : csr_array, LinearOperator or ndarray, shape (n_frames * n_bins, n_samples)
        A, in any of its forms.
    x : array_like, shape (n_samples,) or (n_samples, clips)
        A sound, or a batch with one clip a column; computed in the precision of A.

    Returns
    -------
    ndarray, shape (n_frames * n_bins,) or (n_frames * n_bins, clips)
        vec(S), in the dtype of A.

    Raises
    ------
    ParameterError
        For an x of another length, or with values that are not finite.

    Examples
    --------
    >>> A = spectrogram_operator(256)
    >>> apply(A, np.ones(256)).shape
    (448,)
    """
    columns = check_columns("x", x, operator.shape[1])
    precision = np.zeros(0, operator.dtype)
    dtype = precision.dtype if columns.dtype.kind == "c" else precision.real.dtype
    return np.asarray(operator @ columns.astype(dtype, copy=False))


def reconstruct(operator: SpectrogramOperator, spectrogram: npt.ArrayLike) -> FloatArray:
    r"""Return the real sound whose spectrogram is nearest, :math:`A^+ \mathrm{vec}(S)`.

    The two-sided A has :math:`A^H A = N D`, N = `n_fft`, with the diagonal D of the sum of squared
    windows over each sample,

    .. math:: D_j = \sum_t w^2[j - tH + P]

    for any window and hop: the transform of one frame is orthogonal, and frames only meet where
    they share a sample. Its normal equations are solved by one division,

    .. math:: A^+ y = \frac{1}{N} D^{-1}\, \Re(A^H y)

    (D is constant for a window that is COLA in its squares). The first and, for an even N, the last
    bin of a one-sided spectrogram stand for themselves, all others for their conjugates too: with
    these weighted 2, the same equation holds, and the sound is that of the two-sided spectrogram.

    The inverse exists if and only if :math:`D_j > 0` at every sample: each must lie under a window
    that is not 0 there. The symmetric Hann window is 0 at both ends, so ``center=False`` loses
    the first sample, and ``hop_length = n_fft - 1`` one in each hop; the samples behind the last
    frame are lost without ``pad_end``; samples between frames are lost with ``hop_length > n_fft``.
    Rounding is amplified by up to :math:`\sqrt{\max D / \min D}`.

    Parameters
    ----------
    operator : SpectrogramOperator
        ``spectrogram_operator(..., as_linear_operator=True)``.
    spectrogram : array_like, shape (n_frames * n_bins,) or (n_frames * n_bins, clips)
        vec(S); it need not be the spectrogram of any sound.

    Returns
    -------
    ndarray, shape (n_samples,) or (n_samples, clips)
        In the precision of the operator.

    Raises
    ------
    ParameterError
        When a sample lies under no window, or for a spectrogram of another length or with values
        that are not finite.

    References
    ----------
    D. W. Griffin, J. S. Lim, "Signal estimation from modified short-time Fourier transform", IEEE
    Trans. ASSP 32(2), 1984, equation 6.

    Examples
    --------
    >>> A = spectrogram_operator(256, periodic=True, center=True, as_linear_operator=True)
    >>> sound = np.sin(np.arange(256))
    >>> bool(np.allclose(reconstruct(A, apply(A, sound)), sound, atol=1e-5))
    True
    """
    if not isinstance(operator, SpectrogramOperator):
        raise ParameterError(
            f"operator of type {type(operator).__name__} must be the matrix-free one; make it with "
            "spectrogram_operator(..., as_linear_operator=True)"
        )
    layout = operator.layout
    _check_covered(layout)
    y = check_columns("spectrogram", spectrogram, operator.shape[0])
    bins = np.tile(_multiplicity(layout), layout.n_frames)
    projected = operator.rmatmat(y.reshape(bins.size, -1) * bins[:, np.newaxis]).real
    scale = (layout.n_fft * layout.squared_window_sum).astype(projected.dtype)
    sounds: FloatArray = projected / scale[:, np.newaxis]
    return sounds.reshape(-1, *y.shape[1:])


def per_frame(matrix: npt.ArrayLike, n_frames: int) -> Any:
    r"""Return the matrix that applies `matrix` to each frame of a vec: :math:`I \otimes M`.

    With it, what follows the spectrogram is a product too: mel filters act on the power
    :math:`|A x|^2`, a DCT or DST on the decibels, so a log-mel is two products and a logarithm.

    Parameters
    ----------
    matrix : array_like, shape (rows, n_bins)
        What one frame is multiplied by: `mel_filters(...)`, `dct_matrix(...)`.
    n_frames : int
        Frames of the spectrogram.

    Returns
    -------
    csr_array, shape (n_frames * rows, n_frames * n_bins)
        In the dtype of `matrix`; its zeros are not stored.

    Raises
    ------
    ParameterError
        For a `matrix` that is not one, or a bad number of frames.

    Examples
    --------
    >>> from resound.dsp.filterbanks import mel_filters
    >>> A = spectrogram_operator(8000, 512, 256, periodic=True, onesided=True)
    >>> n_frames = A.shape[0] // 257
    >>> H = per_frame(mel_filters(sample_rate=8000, n_fft=512, n_mels=20), n_frames)
    >>> log_mel = 10 * np.log10(H @ np.abs(A @ np.ones(8000)) ** 2 + 1e-10)
    >>> log_mel.reshape(n_frames, 20).shape
    (30, 20)
    """
    n_frames = check_positive_int("n_frames", n_frames)
    entries = np.asarray(matrix)
    if entries.ndim != 2:
        raise ParameterError(f"matrix of shape {entries.shape} must be (rows, n_bins)")
    block = scipy.sparse.csr_array(entries)
    return scipy.sparse.kron(scipy.sparse.eye_array(n_frames, dtype=entries.dtype), block, "csr")


def _csr(layout: Layout, dtype: np.dtype[np.complexfloating]) -> Any:
    """Repeat the block of one frame, moved by a hop, and leave out what falls beside the sound."""
    support = np.flatnonzero(layout.weights)
    starts = np.arange(layout.n_frames) * layout.hop_length - layout.margin
    columns = starts[:, np.newaxis] + support
    inside = (columns >= 0) & (columns < layout.n_samples)
    row_lengths = np.repeat(inside.sum(axis=1), layout.n_bins)
    index = _index_type(int(row_lengths.sum()), layout)
    shape = (layout.n_frames, layout.n_bins, support.size)

    def stored(values: Array) -> Array:
        every = np.broadcast_to(values, shape)
        if inside.all():  # four times as fast as the mask
            return every.reshape(-1)
        return every[np.broadcast_to(inside[:, np.newaxis], shape)]

    data = stored(layout.block(dtype)[:, support])
    indices = stored(columns.astype(index)[:, np.newaxis])
    indptr = np.concatenate([[0], np.cumsum(row_lengths)]).astype(index)
    return scipy.sparse.csr_array((data, indices, indptr), shape=layout.shape)


def _index_type(n_entries: int, layout: Layout) -> type[np.signedinteger[Any]]:
    return np.int32 if max(n_entries, *layout.shape) <= INDEX_LIMIT else np.int64


def _check_dense(layout: Layout, dtype: np.dtype[np.complexfloating]) -> None:
    rows, columns = layout.shape
    size = rows * columns * dtype.itemsize
    if size > DENSE_BYTES:
        raise ParameterError(
            f"a dense {rows} x {columns} matrix of {dtype} takes {size / 2**30:.1f} GiB, above the "
            f"bound of {DENSE_BYTES / 2**30:g} GiB; leave dense out for a sparse matrix, or give "
            "as_linear_operator=True for none"
        )


def _check_covered(layout: Layout) -> None:
    uncovered = np.flatnonzero(layout.squared_window_sum <= 0)
    if uncovered.size:
        kind = "periodic" if layout.periodic else "symmetric"
        raise ParameterError(
            f"sample {uncovered[0]} of {layout.n_samples} lies in no frame whose window is not 0 "
            f"there (window={layout.window!r}, {kind}, n_fft={layout.n_fft}, "
            f"hop_length={layout.hop_length}), so it cannot be reconstructed; use center=True for "
            "the first samples, pad_end=True for the last, a smaller hop_length for those between"
        )


def _multiplicity(layout: Layout) -> FloatArray:
    """Return how many bins of the two-sided spectrum each bin stands for, (n_bins,)."""
    counts = np.ones(layout.n_bins)
    if layout.onesided:
        counts[1 : (layout.n_fft + 1) // 2] = 2
    return counts
