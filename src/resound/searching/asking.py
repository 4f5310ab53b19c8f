"""Asking an index: the places of its sounds that are most like a recording, or like words.

The similarity of two windows is (1 + cos) / 2 of their vectors, whatever made them: 1 for the same
direction, 0.5 for vectors that have nothing in common, 0 for opposite ones.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.errors import AudioError, ParameterError, check_positive_int
from resound.files import AnyPath
from resound.searching.decoding import open_sound, resampled
from resound.searching.hits import merge, neighbours
from resound.searching.index import DOOMED, Index
from resound.searching.methods import Embeddings, Statistics
from resound.searching.windows import Grid, cut

Float32 = npt.NDArray[np.float32]

SHORTEST_SECONDS = 0.05
SILENCE = 2.0**-16  # half a step of 16 bits
MOST_WINDOWS = 240
MORE = 4


class Query(NamedTuple):
    """A recording, or a stretch of one, as vectors.

    Attributes
    ----------
    vectors : ndarray of float32, shape (n, dimension)
        Of its windows.
    starts : list of float
        Where each window begins, seconds from the beginning of the file.
    stop : float
        Where the stretch ends.
    """

    vectors: Float32
    starts: list[float]
    stop: float


def read_query(
    path: AnyPath,
    method: Statistics | Embeddings,
    grid: Grid,
    *,
    start: float = 0.0,
    stop: float | None = None,
) -> Query:
    """Return a recording as the vectors of its windows.

    A recording shorter than a window gets zeros at its end, as the last window of a sound in the
    index does; a longer one is cut into windows on the index's grid.

    Parameters
    ----------
    path : path
        The recording.
    method : Statistics or Embeddings
        That of the index.
    grid : Grid
        Of the index.
    start, stop : float
        The stretch of it that counts, in seconds.

    Raises
    ------
    UnreadableAudio
        When the recording cannot be read.
    AudioError
        When it is silent or too short to be told from others.
    ParameterError
        When the stretch is empty, or longer than is meant to be asked at once.
    """
    if start < 0 or (stop is not None and stop <= start):
        raise ParameterError(f"from {start} to {stop} s is no stretch of a recording")
    windows = []
    with open_sound(path, start=start, stop=stop) as stream:
        blocks = resampled(stream, method.sample_rate)
        for window in cut(blocks, grid, sample_rate=method.sample_rate):
            windows.append(window)
            if len(windows) > MOST_WINDOWS:
                raise ParameterError(
                    f"{path}: is longer than {MOST_WINDOWS} windows; name a stretch of it: "
                    "--from 1:23 --to 1:28"
                )
    length = windows[-1].end if windows else 0.0
    if length < SHORTEST_SECONDS:
        raise AudioError(
            f"{path}: {length:.3g} s from {start:g} s on are too short to be compared; at least "
            f"{SHORTEST_SECONDS} s are needed"
        )
    waveforms = np.stack([window.waveform for window in windows])
    vectors = method.vectors(waveforms)
    heard = (np.abs(waveforms).max(axis=1) > SILENCE) & vectors.any(axis=1)
    if not heard.any():
        raise AudioError(f"{path}: is silent; name another recording, or a stretch with a sound")
    starts = [start + grid.start(window.position) for window in windows]
    return Query(
        vectors[heard], [s for s, h in zip(starts, heard, strict=True) if h], start + length
    )


def of_words(text: str, method: Statistics | Embeddings) -> Float32:
    """Return words as vectors that an index can be asked by.

    Parameters
    ----------
    text : str
        What is looked for, as a sentence or a few words: ``a dog barks in the rain``.
    method : Statistics or Embeddings
        That of the index.

    Returns
    -------
    ndarray, shape (1, dimension)

    Raises
    ------
    ParameterError
        When there are no words, or the method reads none.
    """
    if not text.strip():
        raise ParameterError(f"text={text!r} has no words; say what the sound is")
    return method.of_words(text)[np.newaxis]


def ask(index: Index, vectors: Float32, *, k: int, per_file: int | None = None) -> pd.DataFrame:
    """Return the places of an index that are most like any of some vectors.

    Parameters
    ----------
    index : Index
        Which is asked.
    vectors : ndarray, shape (n, dimension)
        Of a query's windows, or of words.
    k : int
        Hits; fewer where there are fewer.
    per_file : int, optional
        Most hits of one sound.

    Returns
    -------
    DataFrame
        ``rank, file, start, end, similarity`` and `asked`, the place in `vectors` of the one that
        is most similar: `file` as a path, seconds from its beginning, the most similar first.

    Raises
    ------
    ParameterError
        When a number of hits is none.
    StoreError
        When the index is damaged.
    """
    check_positive_int("k", k, "hits")
    if per_file is not None:
        check_positive_int("per_file", per_file, "hits")
    n_windows, wanted = index.count(), k * (2 * neighbours(index.grid) - 1)
    while True:
        found = index.nearest(vectors, min(wanted, max(n_windows, 1)))
        hits = merge(found, index.grid, k=k, per_file=per_file)
        if len(hits) == k or wanted >= n_windows:
            break
        # The nearest were of few places.
        wanted *= MORE
    return _placed(index, hits)


def _placed(index: Index, hits: pd.DataFrame) -> pd.DataFrame:
    """Return hits with the paths and times of their sounds."""
    columns = ["rank", "file", "start", "end", "similarity", "asked"]
    if hits.empty:
        return pd.DataFrame(columns=columns)
    sounds = index.named(hits["file"].tolist())
    hits = hits[hits["file"].isin(sounds.index[sounds["windows"] > DOOMED])]
    found = sounds.loc[hits["file"]].reset_index()
    start = hits["position"].to_numpy() * index.grid.hop
    end = start + index.grid.window
    # Of a sound that is being indexed the length is not known yet.
    known = found["duration"].to_numpy()
    placed = {
        "rank": np.arange(1, len(hits) + 1),
        "file": [str(index.sounds / path) for path in found["path"]],
        "start": start,
        "end": np.where(known > 0, np.minimum(end, known), end),
        "similarity": hits["similarity"].to_numpy(),
        "asked": hits["asked"].to_numpy(),
    }
    return pd.DataFrame(placed)[columns]
