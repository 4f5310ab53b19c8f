"""Band power: what a filter bank passes of each frame, without a spectrogram of all clips.

Every feature that rests on a filter bank (mel, MFCC, LFCC) is computed from it.

Where the length of the frames is a power of two, the transform is our own (`_fft_kernels`) and not
scipy's: it takes samples to bands within a processor's second cache. An MFCC bank is to be made six
times as fast as librosa makes it, and scipy's transform alone takes longer than that leaves. Frames
of other lengths go through scipy. ``make bench`` sets both beside each other: where ours is not 1.5
times as fast, it is not worth its lines.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import scipy.fft

from resound.dsp import _fft_kernels
from resound.dsp._fft_plan import has_plan, make_plan
from resound.dsp.arrays import FloatArray
from resound.dsp.stft import current_engine, frame, frame_count, power_spectrogram
from resound.dsp.transforms import project
from resound.dsp.windows import fft_window
from resound.errors import ParameterError

SetBands = Callable[[FloatArray, FloatArray], None]

# Frames whose samples and spectrum stay in a processor's second cache, and filters that share one
# product: both were measured.
FRAMES_A_BLOCK = 24
FILTERS_A_PRODUCT = 16


class _Product(NamedTuple):
    """Neighbouring filters, cut to the bins where one of them is not zero."""

    bands: slice
    bins: slice
    weights: FloatArray  # (bins, bands)


def band_power(
    waveforms: FloatArray,
    filters: FloatArray,
    *,
    n_fft: int,
    hop_length: int,
    window: str = "hann",
    win_length: int | None = None,
) -> FloatArray:
    r"""Return the power that a filter bank passes in each frame.

    .. math:: B[t, m] = \sum_k H_m[k]\, |X[t, k]|^2

    with X of `resound.dsp.stft.stft`, whose arguments the keywords are.

    Parameters
    ----------
    waveforms : ndarray, shape (..., samples)
        Clips, float32 or float64, usually in [-1, 1].
    filters : ndarray, shape (bands, 1 + n_fft // 2)
        Non-negative weights of the FFT's bins; of a filter only the bins between the first and the
        last that is not zero are multiplied.
    n_fft, hop_length, window, win_length
        As in `resound.dsp.stft.stft`. A power of two from 64 on is computed several times as fast
        as another `n_fft`.

    Returns
    -------
    ndarray, shape (..., frames, bands)
        Power, at least 0, in the square of the samples' unit and the dtype of `waveforms`. Clips
        are computed on as many threads as `scipy.fft.set_workers` grants, and their values depend
        neither on the threads nor, for a power of two, on the other clips, to the last bit.

    Raises
    ------
    ParameterError
        For a length that is not a positive integer, an unknown window, or filters of another
        number of bins.

    Notes
    -----
    Rounding puts an error of about ``eps * log2(n_fft)`` times the norm of the windowed frame into
    each X[t, k], however small that is: in float32 a band 80 dB below the others of its frame is
    off by about a tenth of a dB at worst, one 40 dB below by a hundredth of that.

    Examples
    --------
    A tone of 1 kHz passes the second of seven filters, whose peaks lie 500 Hz apart:

    >>> from resound.dsp.filterbanks import linear_filters
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000)
    >>> filters = linear_filters(sample_rate=8000, n_fft=256, n_filters=7, norm=None)
    >>> power = band_power(tone, filters, n_fft=256, hop_length=128)
    >>> power.shape
    (63, 7)
    >>> int(power[30].argmax())
    1
    """
    clips = waveforms.reshape(-1, waveforms.shape[-1])
    n_frames = frame_count(clips.shape[-1], n_fft=n_fft, hop_length=hop_length)
    weights = fft_window(window, n_fft, win_length).astype(clips.dtype)
    if filters.shape[1] != 1 + n_fft // 2:
        raise ParameterError(
            f"filters of shape {filters.shape} must have the {1 + n_fft // 2} bins of "
            f"n_fft={n_fft}; make them for this n_fft"
        )
    if current_engine() == "matrix":
        power = power_spectrogram(
            waveforms, n_fft=n_fft, hop_length=hop_length, window=window, win_length=win_length
        )
        return project(power, filters)
    bands = np.empty((len(clips), n_frames, len(filters)), clips.dtype)
    set_bands = (_by_kernel if has_plan(n_fft) else _by_scipy)(filters, weights, hop_length)
    _each_group(set_bands, bands, clips)
    return bands.reshape(*waveforms.shape[:-1], *bands.shape[1:])


def _each_group(set_bands: SetBands, bands: FloatArray, clips: FloatArray) -> None:
    """Call `set_bands` for as many groups of clips as scipy is granted threads."""
    n_threads = scipy.fft.get_workers()
    if n_threads == 1:  # memory that a new thread allocates is not that of the last call: 15 %
        set_bands(bands, clips)
        return
    size = max(1, -(-len(clips) // n_threads))
    groups = [slice(start, start + size) for start in range(0, len(clips), size)]
    with ThreadPoolExecutor(n_threads) as pool:
        for done in [pool.submit(set_bands, bands[group], clips[group]) for group in groups]:
            done.result()


def _by_kernel(filters: FloatArray, window: FloatArray, hop_length: int) -> SetBands:
    """Return the setter of bands (clips, frames, bands) that transforms by our own kernel."""
    plan = make_plan(len(window), window.dtype)
    filters = np.array(filters, window.dtype, order="C")
    half_window = window / 2

    def set_bands(bands: FloatArray, clips: FloatArray) -> None:
        # One frame has no next one to be far from.
        hop = min(hop_length, clips.shape[1])
        if clips.strides[1] != clips.itemsize:
            clips = np.ascontiguousarray(clips)
        _fft_kernels.band_power(bands, clips, hop, half_window, filters, *plan)

    return set_bands


def _by_scipy(filters: FloatArray, window: FloatArray, hop_length: int) -> SetBands:
    """Return the setter of bands (clips, frames, bands) that transforms by scipy."""
    products = list(_products(filters, window.dtype))

    def set_bands(bands: FloatArray, clips: FloatArray) -> None:
        for of_clip, clip in zip(bands, clips, strict=True):
            power = _clip_power(frame(clip, n_fft=len(window), hop_length=hop_length), window)
            of_clip[:] = 0
            for product in products:
                np.matmul(power[:, product.bins], product.weights, out=of_clip[:, product.bands])

    return set_bands


def _clip_power(frames: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the power spectrum (frames, bins) of each of the `frames` (frames, n_fft)."""
    power = np.empty((len(frames), 1 + frames.shape[1] // 2), frames.dtype)
    windowed = np.empty((FRAMES_A_BLOCK, frames.shape[1]), frames.dtype)
    for start in range(0, len(frames), FRAMES_A_BLOCK):
        block = frames[start : start + FRAMES_A_BLOCK]
        samples = np.multiply(block, weights, out=windowed[: len(block)])
        spectrum = scipy.fft.rfft(samples, axis=-1, overwrite_x=True)
        magnitude = np.abs(spectrum, out=power[start : start + len(block)])
        np.square(magnitude, out=magnitude)
    return power


def _products(filters: FloatArray, dtype: np.dtype[np.floating]) -> Iterator[_Product]:
    for start in range(0, len(filters), FILTERS_A_PRODUCT):
        group = filters[start : start + FILTERS_A_PRODUCT]
        passed = np.flatnonzero(group.any(axis=0))
        if passed.size:
            bins = slice(int(passed[0]), int(passed[-1]) + 1)
            bands = slice(start, start + len(group))
            yield _Product(bands, bins, np.ascontiguousarray(group[:, bins].T, dtype))
