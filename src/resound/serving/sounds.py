"""Sounds of an index by their numbers: stretches of them to be heard and seen.

A sound is asked for by its number in the index, never by a path. Only the stretch is decoded.
"""

import io
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
import soundfile

from resound.audio.reading import UnreadableAudio
from resound.errors import DataError, ParameterError
from resound.files import AnyPath
from resound.searching.decoding import open_sound, resampled
from resound.searching.index import DOOMED, Index
from resound.serving.pictures import SAMPLE_RATE, picture

Float32 = npt.NDArray[np.float32]

LONGEST_SECONDS = 120.0
# Rates that browsers play as they are.
PLAYED = range(8_000, 96_001)


class NotFound(DataError):
    """There is no such thing here."""


def path_of(index: Index, number: int) -> str:
    """Return the path of a sound below the folder of its index.

    Raises
    ------
    NotFound
        When the index has no sound of this number.
    """
    # A number that the engine's columns cannot hold is none of theirs.
    found = index.named([number]) if 0 <= number < 2**62 else None
    if found is None or found.empty or found["windows"].iloc[0] <= DOOMED:
        raise NotFound(f"the index has no sound of the number {number}; search again")
    path = str(found["path"].iloc[0])
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        raise NotFound(f"{path}: lies outside of the folder of the index")
    return path


def file_of(index: Index, number: int) -> Path:
    """Return the file of a sound; NotFound when the index or the disk has none."""
    path = index.sounds / path_of(index, number)
    if not path.is_file():
        raise NotFound(f"{path}: is not there any more; call `resound index` again")
    return path


def heard(path: AnyPath, start: float, stop: float) -> bytes:
    """Return a stretch of a sound as a WAV file of 16 bits, the channels averaged.

    Parameters
    ----------
    path : path
        The sound.
    start, stop : float
        Seconds from its beginning, at most two minutes.

    Raises
    ------
    ParameterError
        When the stretch is empty or too long.
    UnreadableAudio
        When it cannot be decoded.
    """
    check_stretch(start, stop)
    with open_sound(path, start=start, stop=stop) as stream:
        rate = min(max(stream.sample_rate, PLAYED.start), PLAYED.stop - 1)
        parts = [*resampled(stream, rate)]
    waveform = np.concatenate([np.zeros(0, np.float32), *parts])
    file = io.BytesIO()
    soundfile.write(file, np.clip(waveform, -1, 1), rate, "PCM_16", format="WAV")
    return file.getvalue()


def seen(path: AnyPath, start: float, stop: float | None) -> bytes:
    """Return a stretch of a sound as a picture of its spectrogram, a PNG file.

    Parameters
    ----------
    path : path
        The sound.
    start, stop : float
        Seconds from its beginning, to its end where `stop` is None; of more than two minutes the
        first two.

    Raises
    ------
    ParameterError
        When the stretch is empty.
    UnreadableAudio
        When it cannot be decoded.
    """
    longest = start + LONGEST_SECONDS
    last = longest if stop is None else min(stop, longest)
    check_stretch(start, last)
    with open_sound(path, start=start, stop=last) as stream:
        parts = [*resampled(stream, SAMPLE_RATE)]
    return picture(np.concatenate([np.zeros(0, np.float32), *parts]))


def check_stretch(start: float, stop: float) -> None:
    """Raise ParameterError where a stretch is empty, or too long to be held in memory."""
    if not 0 <= start < stop <= start + LONGEST_SECONDS:
        raise ParameterError(
            f"from {start:g} to {stop:g} s must be a stretch of at most {LONGEST_SECONDS:g} s"
        )


def reason(error: UnreadableAudio) -> str:
    """Say why a sound cannot be used."""
    return f"{error.path.name}: {error.rule}: {error.detail}"
