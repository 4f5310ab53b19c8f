"""Short-time Fourier transform (STFT) of a batch of clips, with its magnitude and its power.

Frame t is centred on sample ``t * hop_length``: clips are padded with ``n_fft // 2`` zeros on both
sides, as librosa does by default (``center=True, pad_mode="constant"``).
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import scipy.fft

from resound.dsp.arrays import ComplexArray, FloatArray
from resound.dsp.dft import windowed_dft
from resound.dsp.windows import fft_window
from resound.errors import check_choice, check_positive_int

ENGINES = ("fft", "matrix")
_engine: ContextVar[str] = ContextVar("engine", default="fft")


@contextmanager
def use_engine(name: str) -> Iterator[None]:
    """Compute every transform of the block by this engine, in this thread.

    Like `scipy.fft.set_workers`, it says how and not what is computed: the values of the engines
    differ by rounding. So what is built on `stft` and `resound.dsp.bands.band_power` need not know.

    Parameters
    ----------
    name : {"fft", "matrix"}
        The fast Fourier transform; or one product of all frames with the windowed Fourier matrix
        of a frame. That is A x, A being `resound.dsp.matrix.spectrogram_operator`'s one-sided and
        centred matrix of a periodic window: since every frame has the same block of A, the block
        is held once, in 8 n_fft (1 + n_fft // 2) bytes in single precision.

    Raises
    ------
    ParameterError
        For an unknown engine.

    Examples
    --------
    >>> with use_engine("matrix"):
    ...     print(current_engine())
    matrix
    """
    token = _engine.set(check_choice("engine", name, ENGINES))
    try:
        yield
    finally:
        _engine.reset(token)


def current_engine() -> str:
    """Return the engine that `use_engine` has chosen, ``"fft"`` outside of it."""
    return _engine.get()


def frame_count(samples: int, *, n_fft: int, hop_length: int) -> int:
    """Return the number of frames of a clip: ``1 + samples // hop_length`` for an even `n_fft`.

    Parameters
    ----------
    samples : int
        Samples of the clip.
    n_fft, hop_length : int
        Length of a frame and distance between two, in samples.

    Returns
    -------
    int
        At least 1 for an even `n_fft`.

    Raises
    ------
    ParameterError
        If one of the three is not a positive integer.

    Examples
    --------
    >>> frame_count(220500, n_fft=4096, hop_length=1024)  # five seconds at 44.1 kHz
    216
    """
    samples = check_positive_int("samples", samples)
    n_fft = check_positive_int("n_fft", n_fft, "samples")
    hop_length = check_positive_int("hop_length", hop_length, "samples")
    return 1 + (samples + 2 * (n_fft // 2) - n_fft) // hop_length


def frame(waveforms: FloatArray, *, n_fft: int, hop_length: int, center: bool = True) -> FloatArray:
    """Cut clips into overlapping frames.

    Parameters
    ----------
    waveforms : ndarray, shape (..., samples)
        Clips, of any dtype.
    n_fft, hop_length : int
        Length of a frame and distance between two, in samples.
    center : bool
        Frame t lies around sample t * `hop_length`, and clips are padded with zeros on both sides;
        else it begins there, and the last one ends within the clip.

    Returns
    -------
    ndarray, shape (..., frames, n_fft)
        A read-only view of one padded copy: overlapping frames share their samples.

    Raises
    ------
    ParameterError
        If `n_fft` or `hop_length` is not a positive integer.

    Examples
    --------
    >>> frame(np.arange(1.0, 7.0), n_fft=4, hop_length=2, center=False)
    array([[1., 2., 3., 4.],
           [3., 4., 5., 6.]])
    """
    n_fft = check_positive_int("n_fft", n_fft, "samples")
    hop_length = check_positive_int("hop_length", hop_length, "samples")
    margin = n_fft // 2 if center else 0
    margins = [(0, 0)] * (waveforms.ndim - 1) + [(margin, margin)]
    padded = np.pad(waveforms, margins)
    every = np.lib.stride_tricks.sliding_window_view(padded, n_fft, axis=-1)
    return every[..., ::hop_length, :]


def stft(
    waveforms: FloatArray,
    *,
    n_fft: int,
    hop_length: int,
    window: str = "hann",
    win_length: int | None = None,
    center: bool = True,
    periodic: bool = True,
) -> ComplexArray:
    r"""Return the short-time Fourier transform.

    .. math:: X[t, k] = \sum_{n=0}^{N-1} w[n]\, x[tH + n - \lfloor N/2 \rfloor]\, e^{-2\pi i kn/N}

    with N = `n_fft`, H = `hop_length` and x zero outside of the clip; without `center` there is no
    shift by half a frame.

    Parameters
    ----------
    waveforms : ndarray, shape (..., samples)
        Clips, float32 or float64, usually in [-1, 1].
    n_fft, hop_length : int
        Length of a frame and distance between two, in samples.
    window : {"hann", "hamming"}
        The window, `periodic` or symmetric.
    win_length : int, optional
        Length of the window when it is shorter than `n_fft`; it stands amid zeros.
    center : bool
        As in `frame`.
    periodic : bool
        As in `resound.dsp.windows.cosine_window`.

    Returns
    -------
    ndarray, shape (..., frames, 1 + n_fft // 2)
        complex64 for float32 clips and complex128 for float64 ones. The transforms run on as many
        threads as `scipy.fft.set_workers` grants, and by the engine that `use_engine` chooses.

    Raises
    ------
    ParameterError
        For a length that is not a positive integer, or an unknown window.

    Examples
    --------
    >>> clips = np.zeros((2, 44100), dtype=np.float32)
    >>> spectrum = stft(clips, n_fft=4096, hop_length=1024)
    >>> spectrum.shape, spectrum.dtype
    ((2, 44, 2049), dtype('complex64'))
    """
    frames = frame(waveforms, n_fft=n_fft, hop_length=hop_length, center=center)
    weights = fft_window(window, frames.shape[-1], win_length, periodic=periodic)
    if current_engine() == "matrix":
        return _product(
            frames, _block(window, frames.shape[-1], win_length, frames.dtype, periodic)
        )
    weights = weights.astype(frames.dtype)
    spectrum: ComplexArray = scipy.fft.rfft(frames * weights, axis=-1, overwrite_x=True)
    return spectrum


@functools.lru_cache(maxsize=2)
def _block(
    window: str,
    n_fft: int,
    win_length: int | None,
    dtype: np.dtype[np.floating],
    periodic: bool,
) -> FloatArray:
    """Return the windowed DFT transposed, (n_fft, 2 bins): real and imaginary parts in turns.

    A real matrix takes half of the multiplications that a complex one would.
    """
    weights = fft_window(window, n_fft, win_length, periodic=periodic)
    block = windowed_dft(weights, 1 + n_fft // 2, np.result_type(dtype, np.complex64))
    turns: FloatArray = np.ascontiguousarray(block.T).view(dtype)
    turns.setflags(write=False)
    return turns


def _product(frames: FloatArray, block: FloatArray) -> ComplexArray:
    parts = frames.reshape(-1, frames.shape[-1]) @ block
    spectrum: ComplexArray = parts.view(np.result_type(parts, np.complex64))
    return spectrum.reshape(*frames.shape[:-1], -1)


def magnitude_spectrogram(
    waveforms: FloatArray,
    *,
    n_fft: int,
    hop_length: int,
    window: str = "hann",
    win_length: int | None = None,
) -> FloatArray:
    """Return ``|X[t, k]|`` of `stft`, in the dtype of the clips.

    Parameters
    ----------
    waveforms : ndarray, shape (..., samples)
        Clips, float32 or float64.
    n_fft, hop_length, window, win_length
        As in `stft`.

    Returns
    -------
    ndarray, shape (..., frames, 1 + n_fft // 2)
        At least 0, in units of the samples times the window's sum.

    Raises
    ------
    ParameterError
        As `stft`.
    """
    spectrum = stft(
        waveforms, n_fft=n_fft, hop_length=hop_length, window=window, win_length=win_length
    )
    return np.abs(spectrum)


def power_spectrogram(
    waveforms: FloatArray,
    *,
    n_fft: int,
    hop_length: int,
    window: str = "hann",
    win_length: int | None = None,
) -> FloatArray:
    """Return ``|X[t, k]|**2`` of `stft`, in the dtype of the clips.

    Parameters
    ----------
    waveforms : ndarray, shape (..., samples)
        Clips, float32 or float64.
    n_fft, hop_length, window, win_length
        As in `stft`.

    Returns
    -------
    ndarray, shape (..., frames, 1 + n_fft // 2)
        At least 0: the square of `magnitude_spectrogram`.

    Raises
    ------
    ParameterError
        As `stft`.

    Examples
    --------
    A tone of 1 kHz lies in bin 1000 * 256 / 8000 = 32:

    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000)
    >>> int(power_spectrogram(tone, n_fft=256, hop_length=128)[30].argmax())
    32
    """
    magnitude = magnitude_spectrogram(
        waveforms, n_fft=n_fft, hop_length=hop_length, window=window, win_length=win_length
    )
    return np.square(magnitude, out=magnitude)
