"""Places: windows of an index as stretches of files, and stretches of files as vectors."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.audio.reading import UnreadableAudio, count_samples, fit_length
from resound.searching.decoding import open_sound, whole
from resound.searching.index import Index
from resound.searching.methods import Method

Float32 = npt.NDArray[np.float32]

MARGIN = 0.01  # seconds: a stream that is resampled may be a sample shorter than it should


class Place(NamedTuple):
    """A stretch of a sound: its path below the folder of the index, and seconds from its start."""

    path: str
    start: float
    end: float


def placed(index: Index, hits: pd.DataFrame, sounds: pd.DataFrame) -> pd.DataFrame:
    """Return windows with the paths and times of their sounds.

    Parameters
    ----------
    index : Index
        Which holds them.
    hits : DataFrame
        ``file, position`` and more columns; `last`, where a hit is several windows, is the position
        of the last of them.
    sounds : DataFrame
        Rows of the sounds, by number, as `Index.named` returns them.

    Returns
    -------
    DataFrame
        ``rank, file, start, end``, the further columns, and `number` of the sound: `file` as a
        path, seconds from its beginning, in the order of `hits`.
    """
    found = sounds.loc[hits["file"]]
    last = hits["last"] if "last" in hits else hits["position"]
    end = last.to_numpy() * index.grid.hop + index.grid.window
    # Of a sound that is being indexed the length is not known yet.
    known = found["duration"].to_numpy()
    more = [name for name in hits if name not in ("file", "position", "last", "whole")]
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(hits) + 1),
            "file": [str(index.sounds / path) for path in found["path"]],
            "start": hits["position"].to_numpy() * index.grid.hop,
            "end": np.where(known > 0, np.minimum(end, known), end),
            **{name: hits[name].to_numpy() for name in more},
            "number": hits["file"].to_numpy(),
        }
    )


def vectors_at(
    index: Index, method: Method, places: Sequence[Place], *, n_threads: int = 1
) -> list[Float32 | None]:
    """Return the vectors of windows that begin at places of sounds, wherever these lie on the grid.

    Parameters
    ----------
    index : Index
        Of whose folder the sounds are.
    method : Method
        That of the index.
    places : sequence of Place
        Each as long as a window, or up to the end of its sound.
    n_threads : int
        Threads, each of which decodes and makes vectors.

    Returns
    -------
    list of ndarray of float32, each of shape (dimension,), or None
        None where the sound cannot be read any more, or is silent there.
    """

    def read(place: Place) -> Float32 | None:
        return _vector(index.sounds / place.path, place, method, index.grid.window)

    with ThreadPoolExecutor(n_threads) as pool:
        return [*pool.map(read, places)]


def _vector(path: Path, place: Place, method: Method, window: float) -> Float32 | None:
    stop = min(place.end, place.start + window) + MARGIN
    try:
        with open_sound(path, start=place.start, stop=stop) as stream:
            waveform = whole(stream, method.sample_rate)
    except (UnreadableAudio, OSError):
        return None
    waveform = fit_length(waveform, count_samples(window, method.sample_rate))
    vector: Float32 = method.vectors(waveform[np.newaxis])[0]
    return vector if vector.any() else None
