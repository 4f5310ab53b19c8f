"""Reranking: the first hits in the order of exact DTW, and where at each of them the match is.

Subsequence DTW on MFCC frames: all of the query's window against the frames of the hit's window and
of a hop on either side of it, in which the match may begin and end anywhere: a query as long as a
window fits into no other window whole. It is exact: no band, no bound, nothing left out.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.distances.dtw_subsequence import match
from resound.features.extraction import extract
from resound.files import AnyPath
from resound.searching.decoding import open_sound, whole
from resound.searching.methods import FRAMING

Float32 = npt.NDArray[np.float32]

FEATURE = "mfcc"
FIRST_HITS = 100
FRAME_SECONDS = FRAMING["hop_length"] / FRAMING["sample_rate"]


def by_dtw(
    hits: pd.DataFrame,
    query: AnyPath,
    stretches: list[tuple[float, float]],
    *,
    hop: float,
    n_threads: int = 1,
) -> pd.DataFrame:
    """Return hits in the order of their DTW distances to the query.

    Parameters
    ----------
    hits : DataFrame
        As `resound.searching.asking.ask` returns them.
    query : path
        The recording.
    stretches : list of (float, float)
        For each window of the query, from when to when it lasts, in seconds: a hit is compared with
        the window that found it.
    hop : float
        Of the index's windows, in seconds.
    n_threads : int
        Threads, each of which decodes and aligns.

    Returns
    -------
    DataFrame
        `hits` with `distance`, in dB summed over the frames of a path, and `offset`, where the best
        match begins, in seconds from `start`: at least minus a hop; ranked anew.

    Raises
    ------
    UnreadableAudio
        When the query or a hit's sound cannot be read any more.
    """
    asked = {place: _frames(query, *stretches[place]) for place in sorted({*hits["asked"]})}

    def compare(row: tuple[str, float, float, int]) -> tuple[float, float]:
        file, start, end, place = row
        first = max(0.0, start - hop)
        found = match(asked[place], _frames(file, first, end + hop))
        return found.distance, first + found.first * FRAME_SECONDS - start

    rows = [*hits[["file", "start", "end", "asked"]].itertuples(index=False, name=None)]
    with ThreadPoolExecutor(n_threads) as pool:
        found = [*pool.map(compare, rows)]
    distance, offset = zip(*found, strict=True)
    ordered = hits.assign(distance=distance, offset=offset)
    ordered = ordered.sort_values("distance", kind="stable", ignore_index=True)
    return ordered.assign(rank=np.arange(1, len(ordered) + 1))


def _frames(path: AnyPath, start: float, stop: float) -> npt.NDArray[np.floating]:
    """Return the MFCC (frames, dims) of a stretch of a sound."""
    with open_sound(path, start=start, stop=stop) as stream:
        waveform = whole(stream, FRAMING["sample_rate"])
    # A frame needs its samples; what is shorter gets zeros at its end.
    waveform = np.pad(waveform, (0, max(0, FRAMING["n_fft"] - len(waveform))))
    framing: dict[str, Any] = FRAMING
    return extract(FEATURE, waveform, **framing)
