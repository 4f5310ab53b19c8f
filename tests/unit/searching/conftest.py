"""A folder of sounds of several formats and lengths, and its index, made once a process."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from resound.data import synthetic
from resound.searching.index import Index
from resound.searching.indexing import open_or_create, update
from resound.searching.methods import choose
from resound.searching.windows import Grid

RATE = 16_000
GRID = Grid(window=2.0, hop=1.0)
OPTIONS = [f"sample_rate={RATE}", "n_fft=1024", "hop_length=512"]
BY = "mfcc_derivatives_dct"
# The same on the command line.
WAYS = ["--by", BY, "--window", "2", "--hop", "1", "--threads", "1"]
WAYS += [word for option in OPTIONS for word in ("--option", option)]
PLACES = ["dusk/first.flac", "dusk/second.wav", "field/deep/third.ogg", "fourth.AIFF"]


def write_sounds(folder: Path) -> None:
    """Write four sounds of 25 s, each of ten classes' clips, at rates of their own."""
    synthetic.generate(
        folder / "clips", recordings=1, takes=1, duration=0.625, sample_rate=RATE, seed=3
    )
    clips = [soundfile.read(path)[0] for path in sorted((folder / "clips/audio").iterdir())]
    shutil.rmtree(folder / "clips")
    for number, place in enumerate(PLACES):
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        order = np.random.default_rng(number).permutation(len(clips))[:40]
        waveform = np.concatenate([clips[clip] for clip in order])
        stereo = np.stack([waveform, waveform], axis=1) if path.suffix == ".wav" else waveform
        soundfile.write(path, stereo, RATE)
    (folder / "notes.txt").write_text("a walk at dusk\n")


@pytest.fixture(scope="session")
def kept(tmp_path_factory) -> Path:
    """Return a folder with `sounds`, and in `index` what was made of it; not to be changed.

    An index names the folder of its sounds, so each process makes its own and takes no copy.
    """
    folder: Path = tmp_path_factory.mktemp("searching")
    write_sounds(folder / "sounds")
    chosen = choose(BY, options=OPTIONS)
    update(*open_or_create(folder / "sounds", folder / "index", chosen, GRID), n_threads=1)
    return folder


@pytest.fixture
def sounds(kept, tmp_path) -> Path:
    """Return a copy of the sounds, with the times of the files."""
    return Path(shutil.copytree(kept / "sounds", tmp_path / "sounds"))


@pytest.fixture
def index(kept) -> Index:
    """Return the index, not to be changed."""
    return Index(kept / "index")


def cut_out(path: Path, start: float, seconds: float, into: Path) -> Path:
    """Write a stretch of a sound, and return its file."""
    rate = soundfile.info(path).samplerate
    part, _ = soundfile.read(path, start=int(start * rate), frames=int(seconds * rate))
    soundfile.write(into, part, rate, "FLOAT")
    return into
