"""One config, the same bytes: for one core and two, for one tile and shard and for several.

The runs on Slurm are compared in tests/slurm.
"""

from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.slow

# A time is another in every run: the whole of one table, and a column of another.
MEASURED = "matrix_spectrogram"
TIMED = {"classification": ["train_seconds"]}
ARRAYS = ("features", "embeddings", "models")


def tables(folder: Path) -> dict[str, bytes | str]:
    """Return what each table says that is no time: its bytes, or its other columns."""
    said: dict[str, bytes | str] = {}
    for path in sorted((folder / "out/tables").iterdir()):
        if path.stem in TIMED:
            # The other two forms are made from the same frame.
            if path.suffix == ".csv":
                frame = pd.read_csv(path, dtype=str)
                said[path.name] = frame.drop(columns=TIMED[path.stem]).to_csv()
        elif path.stem != MEASURED:
            said[path.name] = path.read_bytes()
    return said


def arrays(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every bank, of every network's weights and of its predictions."""
    files = (path for part in ARRAYS for path in (folder / "out" / part).rglob("*"))
    kept = {".npy", ".safetensors", ".csv"}
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in files
        if path.suffix in kept
    }


def test_cores_tiles_and_shards_change_no_byte(finished, project):
    project.edit("config.yaml", "feature_shards: 1", "feature_shards: 4")
    project.edit("config.yaml", "queries: 400", "queries: 10")
    project.edit("config.yaml", "gallery: 1600", "gallery: 40")
    done = project.jobs(project.run("--cores", "1"))
    assert done["build_feature_bank"] == 7
    assert done["build_feature_shard"] == 28
    runs = list(project.folder.glob("out/distances/*/**/fold5"))
    assert all(len(list(run.glob("tile*/distances.npy"))) == 4 for run in runs)
    assert tables(project.folder) == tables(finished.folder)
    assert arrays(project.folder) == arrays(finished.folder)
