"""Clips of a data set laid end to end into long files, and the record of which lies where."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import soundfile

from resound import store
from resound.audio import reading as audio
from resound.data.index import read_clips
from resound.data.splits import read_split
from resound.errors import ParameterError

Float32 = npt.NDArray[np.float32]

FULL_SCALE = 2**15
PLACE_DTYPES = {"file": "str", "start": "float64", "end": "float64", "clip": "str"}


def lay_clips(
    spec: Mapping[str, Any],
    *,
    clips: store.AnyPath,
    split: store.AnyPath,
    data_root: store.AnyPath,
    sounds: store.AnyPath,
    places: store.AnyPath,
    n_threads: int = 1,
) -> None:
    """Write the clips of a gallery into FLAC files of 16 bit, and which clip lies where.

    Parameters
    ----------
    spec : mapping
        ``audio``, at which rate and length a clip is read, ``files``, how many long files there
        are, and ``seed``, which decides the order of the clips. Without ``files`` each clip has a
        file of its own, in the order of the gallery.
    clips, split : path
        The index, and which of its clips are the gallery.
    data_root : path
        The folder that the index's files lie below.
    sounds : path
        Folder of the files that are written.
    places : path
        A row a clip, ``file, start, end, clip``: the file's name, and seconds from its beginning.
    n_threads : int
        Clips that are decoded at a time.

    Raises
    ------
    AudioError
        When clips cannot be read, or were replaced after the index was made.
    ParameterError
        When there are more files than clips.
    """
    index = read_clips(clips).set_index("id", drop=False)
    gallery = index.loc[read_split(split)[1]]
    groups = shares(len(gallery), files=spec.get("files"), seed=spec.get("seed", 0))
    Path(sounds).mkdir(parents=True, exist_ok=True)
    duration, digits, rows = spec["audio"]["duration"], len(str(len(groups) - 1)), []
    for number, group in enumerate(groups):
        some, name = gallery.iloc[group], f"{number:0{digits}d}.flac"
        files = [Path(data_root, file) for file in some["file"]]
        waveforms = _decoded(files, spec["audio"], list(some["sha256"]), n_threads)
        write_flac(Path(sounds, name), waveforms.ravel(), spec["audio"]["sample_rate"])
        starts = duration * np.arange(len(some))
        ids = zip(starts, some["id"], strict=True)
        rows += [(name, start, start + duration, clip) for start, clip in ids]
    store.write_csv(pd.DataFrame(rows, columns=list(PLACE_DTYPES)), places)


def shares(n_clips: int, *, files: int | None, seed: int) -> list[npt.NDArray[np.intp]]:
    """Return which of `n_clips` clips, counted from 0, stand in each file, each of shape (n,).

    They are in the order in which they are laid.

    Examples
    --------
    >>> [share.tolist() for share in shares(5, files=2, seed=0)]
    [[2, 4, 3], [0, 1]]
    >>> [share.tolist() for share in shares(3, files=None, seed=0)]
    [[0], [1], [2]]
    """
    if files is None:
        return np.split(np.arange(n_clips), range(1, n_clips))
    if files > n_clips:
        raise ParameterError(
            f"files={files} must be at most {n_clips}, the clips of the gallery; see "
            "long_files.files"
        )
    return np.array_split(np.random.default_rng(seed).permutation(n_clips), files)


def write_flac(path: Path, waveform: Float32, sample_rate: int) -> None:
    """Write a `waveform` (samples,) in [-1, 1] at 16 bit, which what was read from 16 bit is."""
    steps = np.rint(waveform * FULL_SCALE).clip(-FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    soundfile.write(path, steps, sample_rate, "PCM_16", format="FLAC")


def read_places(path: store.AnyPath) -> pd.DataFrame:
    """Return which clip lies where, as `lay_clips` wrote it."""
    return store.read_csv(path, dtypes=PLACE_DTYPES)


def _decoded(
    files: Sequence[Path], read: Mapping[str, Any], digests: Sequence[str], n_threads: int
) -> Float32:
    rate, duration = read["sample_rate"], read["duration"]
    out = np.empty((len(files), audio.count_samples(duration, rate)), np.float32)
    audio.decode_clips(
        files,
        out,
        sample_rate=rate,
        duration=duration,
        quality=read["resampling"],
        n_threads=n_threads,
        digests=digests,
    )
    return out
