"""The clips that all cases are measured on: ESC-10 where it is at hand, else synthetic ones."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from resound.audio.reading import count_samples, decode_clips
from resound.data import synthetic
from resound.data.layout import read_meta
from resound.features import extract_batch

Array = npt.NDArray[Any]

QUERY_FOLD = 5
DURATION = 5.0
MFCC_OPTIONS: dict[str, Any] = {
    "sample_rate": 44_100,
    "n_fft": 4096,
    "hop_length": 1024,
    "n_mfcc": 13,
    "n_mels": 64,
    "window": "hamming",
    "htk": True,
}


@dataclass(frozen=True)
class Clips:
    """Decoded clips.

    Attributes
    ----------
    dataset : str
        Where they come from.
    waveforms : ndarray of float32, shape (clips, samples)
        At 44.1 kHz.
    folds : ndarray of int, shape (clips,)
        ESC-50's folds.
    """

    dataset: str
    waveforms: Array
    folds: Array

    def banks(self) -> tuple[Array, Array]:
        """Return MFCC (clips, frames, 13) of the query fold and of all others."""
        batches = np.array_split(self.waveforms, max(1, len(self.waveforms) // 4))
        bank = np.concatenate([extract_batch("mfcc", batch, **MFCC_OPTIONS) for batch in batches])
        queries = self.folds == QUERY_FOLD
        return bank[queries], bank[~queries]


def load_clips() -> Clips:
    """Return ESC-10 from the folder that RESOUND_ESC10 names, or as many synthetic clips."""
    folder = os.environ.get("RESOUND_ESC10")
    if folder:
        return _decode(Path(folder), "esc10")
    with tempfile.TemporaryDirectory() as scratch:
        data_root = Path(scratch) / "synthetic"
        synthetic.generate(data_root, recordings=4, takes=2)
        return _decode(data_root, "synthetic")


def load_esc50() -> Clips | None:
    """Return ESC-50 from the folder that RESOUND_ESC50 names; None where it names none."""
    folder = os.environ.get("RESOUND_ESC50")
    return _decode(Path(folder), "esc50") if folder else None


def _decode(data_root: Path, dataset: str) -> Clips:
    meta = read_meta(data_root, dataset)
    sample_rate = MFCC_OPTIONS["sample_rate"]
    waveforms = np.empty((len(meta), count_samples(DURATION, sample_rate)), np.float32)
    paths = [data_root / file for file in meta["file"]]
    decode_clips(paths, waveforms, sample_rate=sample_rate, duration=DURATION, n_threads=2)
    return Clips(dataset, waveforms, meta["fold"].to_numpy())
