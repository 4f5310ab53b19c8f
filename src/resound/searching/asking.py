"""Asking an index: the places of its sounds that are most like a recording, or like words.

The similarity of two windows is (1 + cos) / 2 of their vectors, whatever made them: 1 for the same
direction, 0.5 for vectors that have nothing in common, 0 for opposite ones.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.errors import AudioError, ParameterError, StoreError, check_positive_int
from resound.files import AnyPath
from resound.searching.decoding import open_sound, resampled
from resound.searching.hits import merge, neighbours
from resound.searching.index import DOOMED, Index, best_of
from resound.searching.methods import Method
from resound.searching.places import placed
from resound.searching.windows import Grid, cut

Float32 = npt.NDArray[np.float32]

SHORTEST_SECONDS = 0.05
SILENCE = 2.0**-16  # half a step of 16 bits
MOST_WINDOWS = 240
MORE = 4
TRIMMED = 0.25  # of a hop: the mean distance of the nearest window's beginning


class Query(NamedTuple):
    """A recording, or a stretch of one, as vectors.

    Attributes
    ----------
    vectors : ndarray of float32, shape (n, dimension)
        Of its windows.
    trimmed : ndarray of float32, shape (m, dimension)
        Of those windows that are full of sound, without a quarter of a hop at the beginning, and
        of the same without that at the end.
    trimmed_of : list of int
        For each of these the place of its window in `vectors`.
    stretches : list of (float, float)
        From when to when each window lasts, seconds from the beginning of the file.
    """

    vectors: Float32
    trimmed: Float32
    trimmed_of: list[int]
    stretches: list[tuple[float, float]]


def read_query(
    path: AnyPath,
    method: Method,
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
    method : Method
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
                    "from 1:23 to 1:28"
                )
    length = windows[-1].end if windows else 0.0
    if length < SHORTEST_SECONDS:
        raise AudioError(
            f"{path}: {length:.3g} s from {start:g} s on are too short to be compared; at least "
            f"{SHORTEST_SECONDS} s are needed"
        )
    heard = [window for window in windows if np.abs(window.waveform).max() > SILENCE]
    vectors = method.vectors(np.stack([window.waveform for window in heard or windows]))
    if not heard or not vectors.any():
        raise AudioError(f"{path}: is silent; name another recording, or a stretch with a sound")
    starts = [grid.start(window.position) for window in heard]
    stretches = [
        (start + begin, start + window.end) for begin, window in zip(starts, heard, strict=True)
    ]
    full = [
        place
        for place, (begin, window) in enumerate(zip(starts, heard, strict=True))
        if window.end - begin >= grid.window - 1 / method.sample_rate
    ]
    trimmed = _trimmed([heard[place].waveform for place in full], method, grid)
    return Query(vectors, trimmed, 2 * full if len(trimmed) else [], stretches)


def _trimmed(waveforms: list[Float32], method: Method, grid: Grid) -> Float32:
    """Return the vectors of windows without a part at the beginning, then without one at the end.

    A window of the index that is most like the query begins up to half a hop before or after it:
    without so much, on average, both hear the same.
    """
    part = round(grid.hop * TRIMMED * method.sample_rate)
    if not waveforms or len(waveforms[0]) - part < method.minimum:
        return np.zeros((0, method.dimension), np.float32)
    whole = np.stack(waveforms)
    rest = len(whole[0]) - part
    return np.concatenate([method.vectors(whole[:, part:]), method.vectors(whole[:, :rest])])


def of_words(text: str, method: Method) -> Query:
    """Return words as the vector of a window that sounds like them.

    Parameters
    ----------
    text : str
        What is looked for, as a sentence or a few words: ``a dog barks in the rain``.
    method : Method
        That of the index.

    Returns
    -------
    Query

    Raises
    ------
    ParameterError
        When there are no words, or the method reads none.
    """
    if not text.strip():
        raise ParameterError(f"text={text!r} has no words; say what the sound is")
    nothing = np.zeros((0, method.dimension), np.float32)
    return Query(method.of_words(text)[np.newaxis], nothing, [], [])


def ask(index: Index, query: Query, *, k: int, per_file: int | None = None) -> pd.DataFrame:
    """Return the places of an index that are most like any window of a query.

    Where a sound is one window long, its borders are known, and only whole windows of the query
    count; of a longer one, windows begin somewhere, and those without a part at one end count too.

    Parameters
    ----------
    index : Index
        Which is asked.
    query : Query
        As `read_query` or `of_words` returns it.
    k : int
        Hits; fewer where there are fewer.
    per_file : int, optional
        Most hits of one sound.

    Returns
    -------
    DataFrame
        ``rank, file, start, end, similarity``, the most similar first, `asked`, the place of the
        query's window that is most similar, and `number`, as `resound.searching.places.placed`
        returns them.

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
    if n_windows == 0:
        raise StoreError(f"{index.folder}: holds no windows; no sound of its folder could be read")
    while True:
        found, sounds = _nearest(index, query, wanted)
        hits = merge(found, index.grid, k=k, per_file=per_file)
        if len(hits) == k or wanted >= n_windows:
            return placed(index, hits, sounds)
        # The nearest were of few places.
        wanted *= MORE


def _nearest(index: Index, query: Query, wanted: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the windows nearest to a query, each once, and the rows of their sounds."""
    found = index.nearest(query.vectors, wanted)
    if len(query.trimmed):
        more = index.nearest(query.trimmed, wanted)
        more["asked"] = np.array(query.trimmed_of)[more["asked"]]
        found = pd.concat([found.assign(whole=True), more.assign(whole=False)])
    else:
        found["whole"] = True
    sounds = index.named(found["file"].tolist())
    sounds = sounds[sounds["windows"] > DOOMED]
    one = sounds.index[sounds["windows"] == 1]
    found = found[found["file"].isin(sounds.index) & (found["whole"] | ~found["file"].isin(one))]
    return best_of(found), sounds
