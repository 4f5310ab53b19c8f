"""Measure what a cell, a clip and a job cost, and check the sums on ten times ESC-50.

    make scaling

Times are processor seconds of one thread: a machine that is busy with other things lengthens them
little. The larger data set is a bank of random numbers, which costs DTW what sounds cost; of its
tiles a sample is computed by the script of `compute_distances` itself.
"""

import argparse
import resource
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import soundfile
import yaml

from benchmarks import machine, scaling_page
from resound import store
from resound.audio import reading as audio
from resound.distances import cosine, dtw
from resound.experiment import specs
from resound.experiment.coordinates import Run
from resound.experiment.plan import Plan
from resound.experiment.resources import Workload, n_frames
from resound.experiment.tiles import Tile
from resound.features.extraction import extract_batch
from resound.retrieval import ranking as retrieval

ROOT = Path(__file__).resolve().parents[1]
ESC50 = Workload(400, 1600, frames=216, dims=13)
TIMES = 10
LARGER = Workload(TIMES * ESC50.queries, TIMES * ESC50.gallery, ESC50.frames, ESC50.dims)
SAMPLED_TILES = ((0, 0), (4, 5), (9, 9))
PLAN = Plan(yaml.safe_load((ROOT / "config.yaml").read_text()))
FEATURE = PLAN.feature("mfcc", "44k")
RUN = Run("dtw", FEATURE, PLAN.splits[0])
CUT = PLAN.config["retrieval"]["tile"]
TILE = {"queries": CUT["queries"], "gallery": CUT["gallery"]}
FRAMES = n_frames(PLAN.config["audio"]["duration"], FEATURE.setting.spec)
ROUNDS = 3
Row = dict[str, Any]


def main() -> None:
    """Measure, store the table and write the page."""
    parser = argparse.ArgumentParser("benchmarks.scaling", description=__doc__)
    parser.add_argument("--csv", type=Path, default=Path("results/benchmarks/scaling.csv"))
    parser.add_argument("--page", type=Path, default=Path("docs/scaling.md"))
    options = parser.parse_args()
    table = pd.DataFrame([*rates(), *sampled_tiles()])
    store.write_csv(table, options.csv)
    store.write_text(options.page, scaling_page.render(table, machine.describe()))
    print(f"{options.csv}, {options.page}")


def rates() -> Iterator[Row]:
    """Measure each kind of work on so little of it that it takes about a second."""
    rng = np.random.default_rng(0)
    yield from comparison_rates(rng)
    yield from audio_rates(rng.standard_normal((16, 220_500), np.float32))
    yield started_job()


def comparison_rates(rng: np.random.Generator) -> Iterator[Row]:
    """Measure both distances, and the ranking of what they return."""
    clips = rng.standard_normal((384, ESC50.frames, ESC50.dims), np.float32)
    sides = clips[:128], clips[128:]
    pairs = len(sides[0]) * len(sides[1])
    cells, values = pairs * ESC50.frames**2, pairs * ESC50.frames * ESC50.dims
    yield timed("DTW", cells, "cell", partial(dtw.pairwise, *sides, n_threads=1))
    yield timed("cosine", values, "value", partial(cosine.pairwise, *sides, n_threads=1))
    distances = rng.random((128, 4096), np.float32)
    ids = [f"{number:06}" for number in range(4096)]
    yield timed("ranking", distances.size, "pair", partial(retrieval.rank, distances, ids, k=32))


def audio_rates(waveforms: npt.NDArray[np.float32]) -> Iterator[Row]:
    """Measure a feature of clips, the decoding of one, and the check of stored ones."""
    bank = specs.feature_bank(PLAN.config, FEATURE)
    settings = {**bank["stft"], **bank["options"]}
    n_clips = len(waveforms)
    yield timed(
        "MFCC", n_clips, "clip", partial(extract_batch, FEATURE.name, waveforms, **settings)
    )
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder, "clip.wav")
        soundfile.write(wav, waveforms[0] / 8, 44_100)
        for rate in (44_100, 16_000):
            decode = partial(audio.load, wav, sample_rate=rate, duration=5.0)
            yield timed(f"decoding at {rate} Hz", 1, "clip", decode)
        stored, ids = Path(folder, "waveforms.npy"), {"clips": [str(n) for n in range(n_clips)]}
        with store.create_array(stored, waveforms.shape, "float32", spec={}, ids=ids) as array:
            array[:] = waveforms
        yield timed("checksum", stored.stat().st_size, "byte", partial(store.open_array, stored))


def timed(name: str, work: int, unit: str, run: Callable[[], Any]) -> Row:
    """Return the row of a kind of work: the fastest of some rounds after one that warms up."""
    run()
    seconds = min(cpu_seconds(run) for _ in range(ROUNDS))
    return {"kind": "rate", "name": name, "work": work, "unit": unit, "cpu_seconds": seconds}


def cpu_seconds(run: Callable[[], Any]) -> float:
    """Return the processor seconds that a call takes in all threads of this process."""
    begun = time.process_time()
    run()
    return time.process_time() - begun


def started_job() -> Row:
    """Measure the start of a job's process, which imports what computes distances."""
    command = [sys.executable, "-c", "import resound.distances.dtw, resound.store"]

    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    subprocess.run(command, check=True)
    begun = used()
    subprocess.run(command, check=True)
    seconds = used() - begun
    return {"kind": "rate", "name": "job start", "work": 1, "unit": "job", "cpu_seconds": seconds}


def sampled_tiles() -> Iterator[Row]:
    """Compute some tiles of the larger data set as jobs do."""
    with tempfile.TemporaryDirectory() as folder:
        split = write_larger_data_set(Path(folder))
        for row, column in SAMPLED_TILES:
            job = tile_job(Path(folder), split, row, column)
            seconds = cpu_seconds(partial(run_script, "compute_distances", job))
            name = f"tile{row}-{column}"
            yield {
                "kind": "tile",
                "name": name,
                "work": Workload(**TILE, frames=FRAMES, dims=1).cells,
                "unit": "cell",
                "cpu_seconds": seconds,
            }


def write_larger_data_set(folder: Path) -> Path:
    """Write a bank of random numbers and a split of its clips; return the split."""
    ids = [f"clip {number:06}" for number in range(LARGER.clips)]
    asks = np.arange(LARGER.clips) < LARGER.queries
    split = folder / "split.csv"
    store.write_csv(pd.DataFrame({"id": ids, "query": asks, "gallery": ~asks}), split)
    shape, rng = (LARGER.clips, LARGER.frames, LARGER.dims), np.random.default_rng(0)
    spec = specs.feature_bank(PLAN.config, FEATURE)
    with store.create_array(
        folder / "bank.npy", shape, "float32", spec=spec, ids={"clips": ids}
    ) as bank:
        for clip in bank:
            clip[:] = rng.standard_normal(clip.shape, np.float32)
    return split


def tile_job(folder: Path, split: Path, row: int, column: int) -> Any:
    """Return what the script of one tile is given in place of Snakemake's object."""
    out = folder / f"tile{row}-{column}"
    return SimpleNamespace(
        input=SimpleNamespace(split=split, bank=folder / "bank.npy"),
        output=SimpleNamespace(distances=out / "distances.npy"),
        params=SimpleNamespace(
            spec={
                "distances": specs.distances(PLAN.config, RUN),
                "tile": Tile(row, column, **TILE)._asdict(),
            }
        ),
        log=[out / "log"],
        threads=1,
        wildcards=[RUN.path],
    )


def run_script(rule: str, job: Any) -> None:
    """Run the script of a rule in this process."""
    script = ROOT / "workflow" / "scripts" / f"{rule}.py"
    runpy.run_path(str(script), init_globals={"snakemake": job})


if __name__ == "__main__":
    main()
