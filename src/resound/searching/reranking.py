"""Reranking: the first hits in the order of exact DTW, and where in each window the match is.

Subsequence DTW on MFCC frames: all of the query's stretch against the frames of the hit's window,
in which the match may begin and end anywhere. It is exact: no band, no bound, nothing left out.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.distances.dtw_subsequence import Match, match
from resound.features.extraction import extract
from resound.files import AnyPath
from resound.searching.decoding import open_sound, resampled
from resound.searching.methods import FRAMING

Float32 = npt.NDArray[np.float32]

FEATURE = "mfcc"
FIRST_HITS = 100


def by_dtw(
    hits: pd.DataFrame,
    query: AnyPath,
    stretches: list[tuple[float, float]],
    *,
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
    n_threads : int
        Threads, each of which decodes and aligns.

    Returns
    -------
    DataFrame
        `hits` with `distance`, in dB summed over the frames of a path, and `offset`, where in the
        hit's window the best match begins, in seconds; ranked anew.

    Raises
    ------
    UnreadableAudio
        When the query or a hit's sound cannot be read any more.
    """
    asked = {place: _frames(query, *stretches[place]) for place in sorted({*hits["asked"]})}

    def compare(row: tuple[str, float, float, int]) -> Match:
        file, start, end, place = row
        return match(asked[place], _frames(file, start, end))

    rows = [*hits[["file", "start", "end", "asked"]].itertuples(index=False, name=None)]
    with ThreadPoolExecutor(n_threads) as pool:
        found = [*pool.map(compare, rows)]
    seconds = FRAMING["hop_length"] / FRAMING["sample_rate"]
    ordered = hits.assign(
        distance=[one.distance for one in found], offset=[one.first * seconds for one in found]
    ).sort_values("distance", kind="stable", ignore_index=True)
    return ordered.assign(rank=np.arange(1, len(ordered) + 1))


def _frames(path: AnyPath, start: float, stop: float) -> npt.NDArray[np.floating]:
    """Return the MFCC (frames, dims) of a stretch of a sound."""
    with open_sound(path, start=start, stop=stop) as stream:
        waveform = np.concatenate([*resampled(stream, FRAMING["sample_rate"])])
    # A frame needs its samples; what is shorter gets zeros at its end.
    waveform = np.pad(waveform, (0, max(0, FRAMING["n_fft"] - len(waveform))))
    framing: dict[str, Any] = FRAMING
    return extract(FEATURE, waveform, **framing)
