"""Small data sets in ESC-50's layout, made of real files."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from resound.data.cliplist import COLUMNS

RATE = 8_000
FRAMES = 2_000
Rows = list[dict[str, object]]


def write_meta(root: Path, rows: Rows, columns: tuple[str, ...] = COLUMNS) -> None:
    (root / "meta").mkdir(parents=True, exist_ok=True)
    with (root / "meta" / "esc50.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def rows() -> Rows:
    """Two classes, two folds, two clips in each, every clip a recording of its own."""
    return [
        {
            "filename": f"{fold}-{source}-A-{target}.wav",
            "fold": fold,
            "target": target,
            "category": category,
            "esc10": category == "dog",
            "src_file": source,
            "take": "A",
        }
        for source, (category, target, fold) in enumerate(
            [(c, t, f) for c, t in (("dog", 0), ("cat", 5)) for f in (1, 2) for _ in range(2)]
        )
    ]


@pytest.fixture
def small_set(tmp_path: Path, rows: Rows) -> Path:
    """A data set of the clips in `rows`: a quarter of a second of noise each."""
    root = tmp_path / "ESC-50"
    write_meta(root, rows)
    (root / "audio").mkdir()
    rng = np.random.default_rng(0)
    for row in rows:
        waveform = 0.1 * rng.standard_normal(FRAMES)
        soundfile.write(root / "audio" / str(row["filename"]), waveform, RATE, "PCM_16")
    return root


@pytest.fixture
def meta_writer() -> Callable[..., None]:
    return write_meta
