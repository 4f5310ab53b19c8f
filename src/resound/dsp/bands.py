"""The power in bands of frequency, clip by clip, without a spectrogram of all clips in between."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import scipy.fft

from resound.dsp.arrays import FloatArray
from resound.dsp.stft import frame
from resound.dsp.windows import fft_window
from resound.errors import ParameterError

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
        Clips, float32 or float64.
    filters : ndarray, shape (bands, 1 + n_fft // 2)
        Non-negative weights of the FFT's bins; of neighbouring filters only the bins between the
        first and the last that is not zero are multiplied.
    n_fft, hop_length, window, win_length
        As in `resound.dsp.stft.stft`.

    Returns
    -------
    ndarray, shape (..., frames, bands)
        Non-negative, in the dtype of `waveforms`. Clips are computed on as many threads as
        `scipy.fft.set_workers` grants; each holds the power spectrogram of one clip.

    Raises
    ------
    ParameterError
        For a length that is not a positive integer, an unknown window, or filters of another
        number of bins.
    """
    clips = waveforms.reshape(-1, waveforms.shape[-1])
    weights = fft_window(window, n_fft, win_length).astype(clips.dtype)
    if filters.shape[1] != 1 + n_fft // 2:
        raise ParameterError(
            f"filters of shape {filters.shape} must have the {1 + n_fft // 2} bins of "
            f"n_fft={n_fft}; make them for this n_fft"
        )
    products = list(_products(filters, clips.dtype))

    def of_clip(clip: FloatArray) -> FloatArray:
        power = _clip_power(frame(clip, n_fft=n_fft, hop_length=hop_length), weights)
        bands = np.zeros((len(power), len(filters)), clips.dtype)
        for product in products:
            np.matmul(power[:, product.bins], product.weights, out=bands[:, product.bands])
        return bands

    bands = np.stack(_each(of_clip, clips))
    return bands.reshape(*waveforms.shape[:-1], *bands.shape[1:])


def _each(function: Callable[[FloatArray], FloatArray], clips: FloatArray) -> list[FloatArray]:
    n_threads = scipy.fft.get_workers()
    if n_threads == 1:  # memory that a new thread allocates is not that of the last call: 15 %
        return [function(clip) for clip in clips]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(function, clips))


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
