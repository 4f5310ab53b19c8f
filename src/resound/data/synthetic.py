"""Synthetic data set in ESC-50's layout: ten classes of made-up sounds, the same for a seed.

A class has the name and number of the ESC-50 class that it imitates. A *recording* fixes what a
place and a source have in common; its *takes* are clips of it. So the clips of a recording are
closer to each other than those of a class, as in ESC-50, and a leak between folds shows.
"""

import json
import shutil
import string
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import soundfile

from resound.audio.reading import AnyPath, count_samples
from resound.data.cliplist import AUDIO, FOLDS, META
from resound.data.layout import CATEGORIES, is_vacant
from resound.data.sounds import SOUNDS, Scene, Waveform
from resound.errors import DataError, ParameterError, check_positive_int
from resound.jobs.progress import track
from resound.store import replacing

RECORD = "synthetic.json"
TAKES = string.ascii_uppercase
MIN_SAMPLE_RATE = 16_000
PEAK_DBFS = (-12.0, -1.0)
BACKGROUND_DB = (-45.0, -20.0)
SHARE_CUT_SHORT = 0.2


class Clip(NamedTuple):
    """A row of the CSV, in ESC-50's columns; a recording's number names its class and fold."""

    filename: str
    fold: int
    target: int
    category: str
    esc10: bool
    src_file: str
    take: str


def generate(
    data_root: AnyPath,
    *,
    recordings: int = 2,
    takes: int = 2,
    duration: float = 5.0,
    sample_rate: int = 44_100,
    seed: int = 0,
) -> None:
    """Write the data set: 10 classes, 5 folds, mono 16-bit WAV files, and their CSV.

    On one machine and set of library versions the same arguments give the same bytes.

    Parameters
    ----------
    data_root : path
        The folder to make, whole or not at all. An earlier synthetic data set there, known by its
        ``synthetic.json``, is replaced.
    recordings : int
        Recordings of each class in each fold.
    takes : int
        Clips of each recording, at most 26.
    duration : float
        Length of a clip in seconds.
    sample_rate : int
        In Hz, at least 16000.
    seed : int
        Of all random generators, 0 or more.

    Raises
    ------
    ParameterError
        When an argument is out of its range.
    DataError
        When `data_root` holds something else.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     generate(Path(folder, "data"), recordings=1, takes=1, duration=0.1, sample_rate=16000)
    ...     len(list(Path(folder, "data", "audio").iterdir()))  # ten classes, five folds
    50
    """
    data_root = Path(data_root)
    settings = {
        "recordings": recordings,
        "takes": takes,
        "duration": duration,
        "sample_rate": sample_rate,
        "seed": seed,
    }
    _check(data_root, recordings, takes, sample_rate, seed)
    n_samples = count_samples(duration, sample_rate)
    clips = _list_clips(recordings, takes)
    with replacing(data_root) as folder:
        (folder / AUDIO).mkdir(parents=True)
        (folder / META).mkdir()
        for clip in track(clips, "generate clips"):
            waveform = _render(clip, seed, n_samples, sample_rate)
            soundfile.write(folder / AUDIO / clip.filename, waveform, sample_rate, "PCM_16")
        table = pd.DataFrame(clips, columns=list(Clip._fields))
        table.to_csv(folder / META / "esc50.csv", index=False, lineterminator="\n")
        (folder / RECORD).write_text(json.dumps(settings) + "\n")
        if data_root.exists():
            shutil.rmtree(data_root)


def _check(data_root: Path, recordings: int, takes: int, sample_rate: int, seed: int) -> None:
    if not (is_vacant(data_root) or (data_root / RECORD).is_file()):
        raise DataError(
            f"data_root={data_root} holds something else than a synthetic data set; name another "
            "folder, or set dataset: folder"
        )
    check_positive_int("recordings", recordings)
    if check_positive_int("takes", takes) > len(TAKES):
        raise ParameterError(f"takes={takes} must be at most {len(TAKES)}")
    if check_positive_int("sample_rate", sample_rate, "Hz") < MIN_SAMPLE_RATE:
        raise ParameterError(f"sample_rate={sample_rate} must be at least {MIN_SAMPLE_RATE} Hz")
    if seed < 0:
        raise ParameterError(f"seed={seed} must be 0 or more")


def _list_clips(recordings: int, takes: int) -> list[Clip]:
    return sorted(
        Clip(f"{fold}-{source}-{take}-{target}.wav", fold, target, category, False, source, take)
        for category in SOUNDS
        for target in [CATEGORIES.index(category)]
        for fold in FOLDS
        for number in range(recordings)
        for source in [f"{target + 10}{fold}{number:03d}"]
        for take in TAKES[:takes]
    )


def _render(clip: Clip, seed: int, n_samples: int, sample_rate: int) -> Waveform:
    """Return one clip: the class's sound in its recording's background, at a level of its own."""
    source, take = int(clip.src_file), 1 + TAKES.index(clip.take)
    recording = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(source,)))
    own = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(source, take)))
    scene = Scene(recording, own, n_samples, sample_rate)
    level = recording.uniform(*BACKGROUND_DB)
    low, high = recording.uniform([30, 1000], [300, 12000])
    background = scene.noise(low, high, slope=recording.uniform(0, 2))
    sound = SOUNDS[clip.category](scene)
    waveform = sound / np.abs(sound).max() + 10 ** (level / 20) * background
    if own.random() < SHARE_CUT_SHORT:
        waveform[int(own.uniform(0.5, 0.95) * n_samples) :] = 0
    return np.asarray(waveform * 10 ** (own.uniform(*PEAK_DBFS) / 20) / np.abs(waveform).max())
