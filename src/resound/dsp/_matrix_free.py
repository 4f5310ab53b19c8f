"""Matrix-free spectrogram: the matrix as an operator of which no entry is stored."""

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.fft
from scipy.sparse.linalg import LinearOperator

from resound.dsp._layout import Array, Layout, check_columns


class SpectrogramOperator(LinearOperator):  # type: ignore[misc]
    r"""A x by the FFT, and :math:`A^H y` by the inverse FFT and overlap-add.

    Made by `resound.dsp.matrix.spectrogram_operator` with ``as_linear_operator=True``. It stores
    the window alone. `matmat` takes a batch of clips as columns; transforms run on as many threads
    as `scipy.fft.set_workers` grants.

    Attributes
    ----------
    layout : Layout
        The geometry: `n_frames`, `n_bins`, `n_fft`, `hop_length`, ...
    shape : tuple of int
        ``(n_frames * n_bins, n_samples)``.
    dtype : dtype
        complex64 or complex128; what it is given is computed in this precision.
    """

    def __init__(self, layout: Layout, dtype: np.dtype[np.complexfloating]) -> None:
        super().__init__(dtype, layout.shape)
        self.layout = layout
        self.weights = layout.weights.astype(np.zeros(0, dtype).real.dtype)

    # What a user calls, with errors that name what is wrong.

    def matvec(self, x: npt.ArrayLike) -> Array:
        """Return A x, shape (n_frames * n_bins,), of a finite x of shape (n_samples,)."""
        return np.asarray(super().matvec(check_columns("x", x, self.shape[1])))

    def matmat(self, X: npt.ArrayLike) -> Array:
        """Return A X, shape (n_frames * n_bins, clips), of finite clips as columns."""
        return np.asarray(super().matmat(check_columns("x", X, self.shape[1])))

    def rmatvec(self, x: npt.ArrayLike) -> Array:
        """Return the adjoint's product, shape (n_samples,), of (n_frames * n_bins,)."""
        return np.asarray(super().rmatvec(check_columns("y", x, self.shape[0])))

    def rmatmat(self, X: npt.ArrayLike) -> Array:
        """Return the adjoint's product, shape (n_samples, clips), of columns."""
        return np.asarray(super().rmatmat(check_columns("y", X, self.shape[0])))

    # What scipy asks of a subclass.

    def _matvec(self, x: Array) -> Array:
        return self._matmat(x.reshape(-1, 1))

    def _rmatvec(self, x: Array) -> Array:
        return self._rmatmat(x.reshape(-1, 1))

    def _matmat(self, X: Array) -> Array:
        clips = np.ascontiguousarray(X.T, self._precision(X))
        frames = self.layout.frames(clips) * self.weights
        if self.layout.onesided and frames.dtype.kind == "f":
            spectra = scipy.fft.rfft(frames, axis=-1, overwrite_x=True)
        else:
            spectra = scipy.fft.fft(frames, axis=-1)[..., : self.layout.n_bins]
        return np.asarray(spectra).reshape(X.shape[1], -1).T

    def _rmatmat(self, X: Array) -> Array:
        n_fft = self.layout.n_fft
        rows = np.ascontiguousarray(X.T, self.dtype)
        spectra = rows.reshape(len(rows), self.layout.n_frames, -1)
        # norm="forward" leaves the inverse transform unscaled; missing bins count as zeros.
        frames = scipy.fft.ifft(spectra, n=n_fft, axis=-1, norm="forward") * self.weights
        return self.layout.overlap_add(frames).T

    def _precision(self, X: Array) -> np.dtype[Any]:
        return np.dtype(self.dtype) if X.dtype.kind == "c" else self.weights.dtype
