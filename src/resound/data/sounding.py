"""The part of a clip that sounds: where it begins, and the first seconds of it.

A window of 10 ms whose RMS is below -60 dBFS is near-silent: by this rule the index audits clips
that are silent throughout, and by it a query that is a part of a clip skips what is before it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from resound import store
from resound.audio.reading import count_samples
from resound.errors import ParameterError
from resound.jobs.progress import track
from resound.pages import give_back

WINDOWS_PER_SECOND = 100
SILENCE_DB = -60.0
CLIPS_A_BATCH = 64


def windows_of(
    waveform: npt.NDArray[np.floating], window: int, silence_db: float = SILENCE_DB
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Return what the windows of a waveform hold, one after the other.

    Parameters
    ----------
    waveform : ndarray, shape (samples,)
        At least one sample, full scale 1.
    window : int
        Samples of a window; the last one may have fewer.
    silence_db : float
        Windows whose RMS is below this many dBFS are near-silent.

    Returns
    -------
    energies : ndarray of float64, shape (windows,)
        Sums of squares.
    lengths : ndarray of int, shape (windows,)
        Samples.
    silent : ndarray of bool, shape (windows,)
        Which are near-silent.

    Examples
    --------
    >>> windows_of(np.array([0.0, 1e-4, 0.5, 0.5, 0.5]), 2)[2]
    array([ True, False, False])
    """
    starts = np.arange(0, len(waveform), window)
    lengths = np.diff(starts, append=len(waveform))
    energies = np.add.reduceat(np.square(waveform, dtype=np.float64), starts)
    return energies, lengths, energies < 10 ** (silence_db / 10) * lengths


def first_sound(waveform: npt.NDArray[np.floating], sample_rate: int) -> int:
    """Return the sample at which the first window begins that is not near-silent.

    Parameters
    ----------
    waveform : ndarray, shape (samples,)
        Full scale 1.
    sample_rate : int
        Hz.

    Returns
    -------
    int
        0 where all of it is near-silent.

    Examples
    --------
    A tenth of a second at 1 kHz, silent for 35 ms, in windows of 10 samples:

    >>> first_sound(np.repeat([0.0, 0.5], [35, 65]), 1000)
    30
    """
    window = sample_rate // WINDOWS_PER_SECOND
    sounding = np.flatnonzero(~windows_of(waveform, window)[2])
    return int(sounding[0]) * window if len(sounding) else 0


def first_seconds(
    waveforms: npt.NDArray[np.floating], sample_rate: int, seconds: float
) -> npt.NDArray[np.floating]:
    """Return of each clip so many seconds from its first sound on.

    Nothing is added: where a clip ends earlier, it is its last seconds, and what follows a sound
    within the clip stays.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Full scale 1.
    sample_rate : int
        Hz.
    seconds : float
        At most the length of a clip.

    Returns
    -------
    ndarray, shape (clips, round(seconds * sample_rate))
        Of the dtype of `waveforms`.

    Raises
    ------
    ParameterError
        When a clip is shorter.

    Examples
    --------
    >>> clip = np.repeat([0.0, 0.5], [500, 500])
    >>> parts = first_seconds(np.stack([clip, clip[::-1]]), 1000, 0.6)
    >>> parts.sum(axis=1).tolist()
    [250.0, 250.0]
    """
    length, samples = count_samples(seconds, sample_rate), waveforms.shape[1]
    if length > samples:
        raise ParameterError(
            f"seconds={seconds!r} are {length} samples at {sample_rate} Hz, and a clip has "
            f"{samples}; ask with less of it"
        )
    starts = [min(first_sound(clip, sample_rate), samples - length) for clip in waveforms]
    return np.stack(
        [clip[start : start + length] for clip, start in zip(waveforms, starts, strict=True)]
    )


def cut_queries(
    spec: Mapping[str, Any], *, waveforms: store.AnyPath, output: store.AnyPath
) -> None:
    """Store the first seconds of every clip.

    Parameters
    ----------
    spec : mapping
        As `resound.experiment.specs.part_audio` makes it.
    waveforms : path
        The clips (clips, samples).
    output : path
        Their parts (clips, samples of a part).
    """
    whole = {key: value for key, value in spec.items() if key != "seconds"}
    audio = store.open_array(waveforms, spec=whole)
    rate, seconds = spec["sample_rate"], spec["seconds"]
    shape = len(audio.values), count_samples(seconds, rate)
    with store.create_array(output, shape, "float32", spec=spec, ids=audio.ids) as parts:
        for start in track(range(0, len(audio.values), CLIPS_A_BATCH), "cut clips"):
            clips = slice(start, start + CLIPS_A_BATCH)
            parts[clips] = first_seconds(audio.values[clips], rate, seconds)
            give_back(audio.values)
