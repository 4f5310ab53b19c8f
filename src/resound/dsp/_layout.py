"""The layout of a spectrogram: where its frames stand, in which order its entries are counted."""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from resound.dsp.arrays import FloatArray
from resound.dsp.dft import windowed_dft
from resound.dsp.windows import fft_window
from resound.errors import ParameterError, check_choice, check_positive_int

PRECISIONS = ("complex64", "complex128")
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Layout:
    """The geometry of one spectrogram matrix; its arguments are `spectrogram_operator`'s, checked.

    Attributes
    ----------
    n_samples, n_fft, hop_length : int
        Samples of the sound, of a frame, and between the starts of two frames.
    window : str
        The window's name.
    periodic, onesided, center : bool
        As in `spectrogram_operator`.
    n_frames : int
        Frames of the spectrogram.
    """

    n_samples: int
    n_fft: int
    hop_length: int
    window: str
    periodic: bool
    onesided: bool
    center: bool
    n_frames: int

    @property
    def n_bins(self) -> int:
        """Bins of a frame: all `n_fft`, or the first half with both its ends."""
        return 1 + self.n_fft // 2 if self.onesided else self.n_fft

    @property
    def shape(self) -> tuple[int, int]:
        """Rows (frames times bins) and columns (samples)."""
        return self.n_frames * self.n_bins, self.n_samples

    @property
    def margin(self) -> int:
        """Zeros that stand before the first sample."""
        return self.n_fft // 2 if self.center else 0

    @property
    def weights(self) -> FloatArray:
        """The window (n_fft,), float64."""
        return fft_window(self.window, self.n_fft, periodic=self.periodic)

    def block(self, dtype: np.dtype[np.complexfloating]) -> Array:
        """Return the matrix (n_bins, n_fft) of one frame, which every frame repeats."""
        return windowed_dft(self.weights, self.n_bins, dtype)

    def frames(self, waveforms: Array) -> Array:
        """Return the frames (..., n_frames, n_fft) of sounds (..., n_samples), as a view."""
        length = (self.n_frames - 1) * self.hop_length + self.n_fft
        known = waveforms[..., : length - self.margin]
        after = length - self.margin - known.shape[-1]
        margins = [(0, 0)] * (waveforms.ndim - 1) + [(self.margin, after)]
        every = np.lib.stride_tricks.sliding_window_view(np.pad(known, margins), self.n_fft, -1)
        return every[..., :: self.hop_length, :]

    def overlap_add(self, frames: Array) -> Array:
        """Return sounds (..., n_samples) in which every frame is added at its place.

        It is the adjoint of `frames`. A frame is cut into pieces of a hop; the pieces at one place
        of all frames are added at once.
        """
        hop, n_pieces = self.hop_length, -(-self.n_fft // self.hop_length)
        leading, n_frames = frames.shape[:-2], frames.shape[-2]
        margins = [(0, 0)] * (frames.ndim - 1) + [(0, n_pieces * hop - self.n_fft)]
        pieces = np.pad(frames, margins).reshape(*leading, n_frames, n_pieces, hop)
        total = np.zeros((*leading, n_frames + n_pieces - 1, hop), frames.dtype)
        for i in range(n_pieces):
            total[..., i : i + n_frames, :] += pieces[..., i, :]
        flat = total.reshape(*leading, -1)[..., self.margin : self.margin + self.n_samples]
        return np.pad(flat, [(0, 0)] * len(leading) + [(0, self.n_samples - flat.shape[-1])])

    @functools.cached_property
    def squared_window_sum(self) -> FloatArray:
        r"""The sum :math:`\sum_t w^2[j - tH + P]` at every sample j, (n_samples,), float64."""
        return self.overlap_add(np.tile(self.weights**2, (self.n_frames, 1)))


def make_layout(
    n_samples: int,
    *,
    n_fft: int,
    hop_length: int,
    window: str,
    periodic: bool,
    onesided: bool,
    center: bool,
    pad_end: bool,
) -> Layout:
    """Check the arguments of `spectrogram_operator` and count the frames.

    Raises
    ------
    ParameterError
        For a length that is not a positive integer, an unknown window, or fewer samples than
        `n_fft`.
    """
    n_samples = check_positive_int("n_samples", n_samples)
    n_fft = check_positive_int("n_fft", n_fft, "samples")
    hop_length = check_positive_int("hop_length", hop_length, "samples")
    fft_window(window, n_fft)
    if n_samples < n_fft:
        raise ParameterError(
            f"n_samples={n_samples} must be at least n_fft={n_fft}: no frame fits into the sound; "
            "lower n_fft or use a longer sound"
        )
    moved = n_samples - n_fft + 2 * (n_fft // 2) * center
    n_hops = -(-moved // hop_length) if pad_end else moved // hop_length
    return Layout(
        n_samples=n_samples,
        n_fft=n_fft,
        hop_length=hop_length,
        window=window,
        periodic=periodic,
        onesided=onesided,
        center=center,
        n_frames=1 + n_hops,
    )


def check_precision(dtype: npt.DTypeLike) -> np.dtype[np.complexfloating]:
    """Return `dtype` when it is complex64 or complex128, or raise ParameterError."""
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = str(dtype)
    precision: np.dtype[np.complexfloating] = np.dtype(check_choice("dtype", name, PRECISIONS))
    return precision


def check_columns(name: str, values: npt.ArrayLike, length: int) -> Array:
    """Return `values`, one vector of `length` entries or several as columns, all of them finite."""
    columns = np.asarray(values)
    if columns.dtype.kind not in "fciu":
        raise ParameterError(f"{name} of dtype {columns.dtype} must hold numbers")
    if columns.ndim not in (1, 2) or columns.shape[0] != length:
        raise ParameterError(
            f"{name} of shape {columns.shape} must be ({length},), or ({length}, clips) with one "
            "clip a column; make the operator for this length, or transpose a batch of rows"
        )
    finite = np.isfinite(columns)
    if not finite.all():
        first = int(np.argwhere(~finite)[0, 0])
        raise ParameterError(
            f"{name} holds a value that is not finite (NaN or infinite), first in row {first}; "
            "repair it or leave the clip out"
        )
    return columns
