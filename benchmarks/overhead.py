"""How much of the demo's wall time no rule is at work: the workflow's overhead.

    python -m benchmarks.overhead

runs the demo from nothing in a temporary folder and writes one row, which `python -m benchmarks`
takes into its table. It is a command of its own because the demo trains, and the environment of
the other libraries has no torch.

A rule is at work from the start of its script's process to the end, as its benchmark file says:
the file tells how long, and its time stamp when the job ended. Process starts and imports are
thus the rules' own; Snakemake's start, the building of the graph and the waiting between jobs are
not.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from benchmarks.processes import ROOT, ChildFailed
from benchmarks.runner import Row
from resound import store

CORES = 2
CSV = Path("results/benchmarks/overhead.csv")
Interval = tuple[float, float]


def overhead_row(folder: Path, start: float, end: float) -> Row:
    """Return a run's overhead as a row of the table.

    Parameters
    ----------
    folder : pathlib.Path
        The run's benchmark files.
    start, end : float
        When the run began and ended, in seconds since the epoch.

    Returns
    -------
    dict
        Besides the table's columns `share_outside`, the share of the wall time in which no rule
        was at work, and `jobs_at_once`, how many were on average.
    """
    intervals = [job_interval(path) for path in sorted(folder.rglob("*.tsv"))]
    wall, busy = end - start, sum(last - first for first, last in union(intervals))
    return {
        "case": "workflow",
        "contender": "resound, demo",
        "threads": CORES,
        "work": len(intervals),
        "unit": "job",
        "seconds": wall,
        "rate": len(intervals) / wall,
        "ratio": 1.0,
        "difference": 0.0,
        "share_outside": 1 - busy / wall,
        "jobs_at_once": sum(last - first for first, last in intervals) / wall,
    }


def job_interval(path: Path) -> Interval:
    """Return when a job began and ended, by its benchmark file."""
    end = path.stat().st_mtime
    return end - float(pd.read_csv(path, sep="\t")["s"].iloc[0]), end


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the intervals in which at least one of `intervals` runs, in order."""
    merged: list[Interval] = []
    for first, last in sorted(intervals):
        if merged and first <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return merged


def run_demo(folder: Path) -> Row:
    """Run the demo on two cores with all its results in an empty folder, and measure it."""
    workflow = [sys.executable, "-m", "snakemake", f"{folder}/tables", "--cores", str(CORES)]
    workflow += ["--configfile", "workflow/configs/demo.yaml"]
    start = time.time()
    done = subprocess.run(
        [*workflow, "--config", f"results_dir={folder}", f"data_root={folder}/data"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    end = time.time()
    if done.returncode:
        raise ChildFailed(f"the demo failed:\n{done.stderr[-2000:]}\nrun `make demo` to see why")
    return overhead_row(folder / "benchmarks", start, end)


def main() -> None:
    parser = argparse.ArgumentParser("benchmarks.overhead", description=__doc__)
    parser.add_argument("--csv", type=Path, default=CSV)
    options = parser.parse_args()
    print("==> workflow, cores: 2", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        row = run_demo(Path(folder, "demo"))
    store.write_csv(pd.DataFrame([row]), options.csv)
    print(f"{row['share_outside']:.1%} of {row['seconds']:.0f} s outside rules")


if __name__ == "__main__":
    main()
