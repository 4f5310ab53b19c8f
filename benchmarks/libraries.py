"""The same DTW and the same MFCC from every library, called as its documentation advises.

DTW functions take queries (Q, n, d), gallery (N, m, d) and threads and return distances (Q, N);
what a library needs in another order or precision is part of its call, as it is part of ours.
Libraries are imported in the functions: a cold start pays for the one that it measures alone.
"""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Dtw = Callable[[Array, Array, int], Array]
Mfcc = Callable[[Array, dict[str, Any]], Array]

CLIPS_A_BATCH = 4  # as the workflow's build_feature_bank


def resound_euclidean(queries: Array, gallery: Array, n_threads: int) -> Array:
    from resound.distances.dtw import pairwise

    return pairwise(queries, gallery, n_threads=n_threads)


def resound_squared(queries: Array, gallery: Array, n_threads: int) -> Array:
    from resound.distances.dtw import pairwise

    return pairwise(queries, gallery, local_cost="squared", n_threads=n_threads)


def dtaidistance_euclidean(queries: Array, gallery: Array, n_threads: int) -> Array:
    """Compute the block of queries and gallery in C, with OpenMP from two threads on."""
    from dtaidistance import dtw_ndim
    from threadpoolctl import threadpool_limits

    n_queries, n_clips = len(queries), len(queries) + len(gallery)
    clips = [np.ascontiguousarray(clip, np.float64) for clip in (*queries, *gallery)]
    block = ((0, n_queries), (n_queries, n_clips))
    with threadpool_limits(n_threads, user_api="openmp"):
        full = dtw_ndim.distance_matrix_fast(
            clips, block=block, parallel=n_threads > 1, inner_dist="euclidean"
        )
    distances: Array = np.asarray(full)[:n_queries, n_queries:]
    return distances


def librosa_euclidean(queries: Array, gallery: Array, n_threads: int) -> Array:
    """Compute pair by pair; librosa has no other way and uses one thread."""
    from librosa.sequence import dtw

    distances = np.empty((len(queries), len(gallery)))
    for i, j in np.ndindex(distances.shape):
        cost = dtw(queries[i].T, gallery[j].T, metric="euclidean", backtrack=False)
        distances[i, j] = cost[-1, -1]
    return distances


def tslearn_squared(queries: Array, gallery: Array, n_threads: int) -> Array:
    from tslearn.metrics import cdist_dtw

    roots = cdist_dtw(queries.astype(np.float64), gallery.astype(np.float64), n_jobs=n_threads)
    squares: Array = np.square(roots)
    return squares


def aeon_squared(queries: Array, gallery: Array, n_threads: int) -> Array:
    from aeon.distances import dtw_pairwise_distance

    x, y = (np.ascontiguousarray(clips.swapaxes(1, 2), np.float64) for clips in (queries, gallery))
    return np.asarray(dtw_pairwise_distance(x, y, n_jobs=n_threads))


def resound_mfcc(waveforms: Array, options: dict[str, Any]) -> Array:
    from resound.features import extract_batch

    starts = range(0, len(waveforms), CLIPS_A_BATCH)
    batches = (waveforms[start : start + CLIPS_A_BATCH] for start in starts)
    return np.concatenate([extract_batch("mfcc", batch, **options) for batch in batches])


def resound_mfcc_by_scipy(waveforms: Array, options: dict[str, Any]) -> Array:
    """Compute as `resound_mfcc`, by the transform that frames of other lengths go through."""
    from resound.dsp import bands

    with patch.object(bands, "has_plan", lambda n_fft: False):
        return resound_mfcc(waveforms, options)


def librosa_mfcc(waveforms: Array, options: dict[str, Any]) -> Array:
    """Compute clip by clip: given a batch, librosa clips all of it at one common floor."""
    from librosa.feature import mfcc

    others = {key: value for key, value in options.items() if key != "sample_rate"}
    rate = options["sample_rate"]
    return np.stack([mfcc(y=clip, sr=rate, **others).T for clip in waveforms])


DTW: dict[str, dict[str, Dtw]] = {
    "euclidean": {
        "resound": resound_euclidean,
        "dtaidistance": dtaidistance_euclidean,
        "librosa": librosa_euclidean,
    },
    "squared": {
        "resound": resound_squared,
        "tslearn": tslearn_squared,
        "aeon": aeon_squared,
    },
}
MFCC: dict[str, Mfcc] = {
    "resound": resound_mfcc,
    "resound, by scipy's FFT": resound_mfcc_by_scipy,
    "librosa": librosa_mfcc,
}
