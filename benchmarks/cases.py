"""The cases in the order of the table. A new one is one function here and a line in `CASES`."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from benchmarks.clips import MFCC_OPTIONS, Clips
from benchmarks.libraries import DTW, MFCC, Dtw
from benchmarks.runner import Case, Contender, absolute, relative
from resound.distances.dtw import pairwise
from resound.distances.dtw_search import top_k

Array = npt.NDArray[Any]

THREADS = (1, 2)
# Queries and gallery clips of a library's part of the problem, so that it takes seconds.
CORNERS = {"tslearn": (8, 160), "aeon": (4, 64), "librosa": (8, 16)}
SINGLE_THREADED = {"librosa"}
MFCC_CLIPS = 40
NEAREST = (1, 20)
GALLERY_SIZES = (400, 1600, 6400)
SEARCHED_SIZES = (1600, 4000, 8000, 16000)
SEARCH_QUERIES = 16
GROWTH_QUERIES = 8


def dtw_cases(clips: Clips) -> Iterator[Case]:
    """Yield the full matrix of DTW distances, by local cost and number of threads."""
    queries, gallery = clips.banks()
    for local_cost, libraries in DTW.items():
        for n_threads in THREADS:
            contenders = [
                _dtw_contender(name, run, queries, gallery, n_threads)
                for name, run in libraries.items()
                if n_threads == 1 or name not in SINGLE_THREADED
            ]
            # float32 against float64 along paths of up to 431 cells.
            yield Case(f"dtw {local_cost}", "cell", n_threads, contenders, relative, 1e-5)


def mfcc_cases(clips: Clips) -> Iterator[Case]:
    """Yield the MFCC of decoded clips on one thread."""
    waveforms = clips.waveforms[:: max(1, len(clips.waveforms) // MFCC_CLIPS)]

    def on_one_thread(run: Callable[..., Array]) -> Array:
        with threadpool_limits(1):
            return run(waveforms, MFCC_OPTIONS)

    contenders = [
        Contender(name, partial(on_one_thread, run), len(waveforms)) for name, run in MFCC.items()
    ]
    # Both are float32: rounding in the weakest bands, 80 dB below the peak, comes to 0.01 dB.
    yield Case("mfcc", "clip", 1, contenders, absolute, 0.01)


def top_k_cases(clips: Clips) -> Iterator[Case]:
    """Yield the exact search for the nearest clips, beside ranking the full matrix."""
    queries, gallery = clips.banks()
    for k in NEAREST:
        for n_threads in THREADS:
            yield _top_k_case(f"top-{k}", queries, gallery, k, n_threads)


def top_k_growth_cases(clips: Clips) -> Iterator[Case]:
    """Yield the same by size of the gallery, of mixed clips where the data end.

    Boxes of the gallery are made once a search, so that few queries pay more for them than many.
    """
    queries, gallery = clips.banks()
    gallery = mixed_gallery(gallery, max(SEARCHED_SIZES))
    for size in SEARCHED_SIZES:
        for k in NEAREST:
            name = f"top-{k} of {size} clips"
            yield _top_k_case(name, queries[:SEARCH_QUERIES], gallery[:size], k, max(THREADS))


def _top_k_case(name: str, queries: Array, gallery: Array, k: int, n_threads: int) -> Case:
    stats = top_k(queries, gallery, k).stats
    pairs, facts = len(queries) * len(gallery), {"share_of_cells": stats.cells / stats.full_cells}

    def search() -> Array:
        return top_k(queries, gallery, k, n_threads=n_threads).distances

    def rank() -> Array:
        return np.sort(pairwise(queries, gallery, n_threads=n_threads), axis=1)[:, :k]

    contenders = [
        Contender("resound", search, pairs, facts),
        Contender("resound, full matrix", rank, pairs),
    ]
    return Case(name, "pair", n_threads, contenders, relative, 0.0)


def growth_cases(clips: Clips) -> Iterator[Case]:
    """Yield our full matrix by size of the gallery, simulated where the data end."""
    queries, gallery = clips.banks()
    queries = queries[:GROWTH_QUERIES]
    gallery = simulated_gallery(gallery, max(GALLERY_SIZES))
    for n_threads in THREADS:
        contenders = [
            _dtw_contender(
                f"resound, {size} clips", DTW["euclidean"]["resound"], queries, part, n_threads
            )
            for size in GALLERY_SIZES
            for part in [gallery[:size]]
        ]
        yield Case("dtw growth", "cell", n_threads, contenders, relative, 0.0)


def simulated_gallery(gallery: Array, size: int) -> Array:
    """Return `size` clips: those of the gallery over and over, from the second time on with noise.

    Parameters
    ----------
    gallery : ndarray, shape (clips, frames, dims)
    size : int

    Returns
    -------
    ndarray, shape (size, frames, dims)
        The noise has a tenth of the gallery's standard deviation.
    """
    repeats = -(-size // len(gallery))
    clips = np.tile(gallery, (repeats, 1, 1))[:size]
    copies = clips[len(gallery) :]
    noise = np.random.default_rng(0).standard_normal(copies.shape, dtype=np.float32)
    copies += (0.1 * gallery.std()) * noise
    return clips


def mixed_gallery(gallery: Array, size: int) -> Array:
    """Return `size` clips: those of the gallery, then weighted means of two of them.

    They are no sounds: means of features, which lie nearer to each other than clips do. The first
    of the two is turned in time by any number of frames.

    Parameters
    ----------
    gallery : ndarray, shape (clips, frames, dims)
    size : int

    Returns
    -------
    ndarray, shape (size, frames, dims)
    """
    rng = np.random.default_rng(0)
    mixed = np.empty((size, *gallery.shape[1:]), gallery.dtype)
    mixed[: len(gallery)] = gallery[:size]
    for clip in range(len(gallery), size):
        first, second = gallery[rng.integers(len(gallery), size=2)]
        weight = gallery.dtype.type(rng.uniform())
        turned = np.roll(first, rng.integers(len(first)), axis=0)
        mixed[clip] = weight * turned + (1 - weight) * second
    return mixed


def _dtw_contender(
    name: str, run: Dtw, queries: Array, gallery: Array, n_threads: int
) -> Contender:
    n_queries, n_clips = CORNERS.get(name, (len(queries), len(gallery)))
    x, y = queries[:n_queries], gallery[:n_clips]
    cells = len(x) * len(y) * x.shape[1] * y.shape[1]
    return Contender(name, partial(run, x, y, n_threads), cells)


CASES: Sequence[Callable[[Clips], Iterator[Case]]] = (
    dtw_cases,
    top_k_cases,
    top_k_growth_cases,
    mfcc_cases,
    growth_cases,
)
