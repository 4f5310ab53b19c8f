"""Costs of the spectrogram as a matrix product, in memory and in time, beside the FFT."""

import functools
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.fft

from resound.dsp.matrix import spectrogram_operator
from resound.dsp.windows import fft_window
from resound.errors import check_positive_int

Array = npt.NDArray[Any]


def measure_costs(
    n_samples: int, *, n_fft: int, hop_length: int, window: str, periodic: bool, rounds: int
) -> dict[str, Any]:
    """Measure the two-sided matrix in single precision for sounds of one length.

    Parameters
    ----------
    n_samples : int
        Length of the sound, white noise.
    n_fft, hop_length, window, periodic
        As in `resound.dsp.matrix.spectrogram_operator`.
    rounds : int
        Timed runs of each step, each after one that is not timed.

    Returns
    -------
    dict
        `n_samples`, `shape`, `nonzeros`; `sparse_bytes` as stored and `dense_bytes` as they would
        be; `seconds_build` of the sparse matrix; `seconds_sparse`, `seconds_operator` and
        `seconds_fft`, to apply the matrix, the matrix-free operator and `fft_spectrogram` to the
        sound; medians. `max_difference` is the largest difference of the product from the FFT in
        double precision, relative to the FFT's largest magnitude.

    Raises
    ------
    ParameterError
        As `spectrogram_operator`, or for a bad number of rounds.
    """
    rounds = check_positive_int("rounds", rounds)
    setting: dict[str, Any] = {"n_fft": n_fft, "hop_length": hop_length}
    setting |= {"window": window, "periodic": periodic}
    build = functools.partial(spectrogram_operator, n_samples, **setting)
    built = median_seconds({"seconds_build": build}, rounds)
    A, free = build(), build(as_linear_operator=True)
    clip = np.random.default_rng(0).standard_normal(n_samples)
    single = clip.astype(np.float32)
    reference = fft_spectrogram(clip, **setting).ravel()
    return {
        "n_samples": n_samples,
        "shape": A.shape,
        "nonzeros": int(A.nnz),
        "sparse_bytes": int(A.data.nbytes + A.indices.nbytes + A.indptr.nbytes),
        "dense_bytes": A.shape[0] * A.shape[1] * A.dtype.itemsize,
        **built,
        **median_seconds(
            {
                "seconds_sparse": lambda: A @ single,
                "seconds_operator": lambda: free @ single,
                "seconds_fft": lambda: fft_spectrogram(single, **setting),
            },
            rounds,
        ),
        "max_difference": float(np.abs(A @ single - reference).max() / np.abs(reference).max()),
    }


def fft_spectrogram(
    clip: Array, *, n_fft: int, hop_length: int, window: str, periodic: bool
) -> Array:
    """Return the two-sided spectrogram by the FFT, without centring or padding.

    What a user would write without a matrix.

    Parameters
    ----------
    clip : ndarray, shape (samples,)
        One clip, float32 or float64.
    n_fft, hop_length, window, periodic
        As in `resound.dsp.matrix.spectrogram_operator`.

    Returns
    -------
    ndarray, shape (frames, n_fft)
        complex64 or complex128, in the precision of `clip`.

    Examples
    --------
    >>> options = {"n_fft": 64, "hop_length": 32, "window": "hann", "periodic": False}
    >>> fft_spectrogram(np.ones(256), **options).shape
    (7, 64)
    """
    frames = np.lib.stride_tricks.sliding_window_view(clip, n_fft)[::hop_length]
    weights = fft_window(window, n_fft, periodic=periodic).astype(clip.dtype)
    return np.asarray(scipy.fft.fft(frames * weights, axis=-1))


def median_seconds(steps: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median time of each step over rounds in which the steps take turns.

    What slows the machine down for a while slows all steps down alike.
    """
    times: Sequence[dict[str, float]] = [
        {name: _seconds(step) for name, step in steps.items()} for _ in range(rounds)
    ]
    return {name: statistics.median(seconds[name] for seconds in times) for name in steps}


def _seconds(step: Callable[[], object]) -> float:
    step()  # not timed: it finds the caches as the step before has left them
    start = time.perf_counter()
    step()
    return time.perf_counter() - start
