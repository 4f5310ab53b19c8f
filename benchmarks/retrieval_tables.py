"""How long the two retrieval tables take from WAV files, beside what their jobs need at best.

    python -m benchmarks.retrieval_tables

runs the shipped config without its trainings from nothing in a temporary folder and writes two
rows, which `python -m benchmarks` takes into its table. It reads ESC-50 from the folder that
RESOUND_ESC50 names, else ESC-10 from RESOUND_ESC10; without either the case is left out.

At best the cores are never idle and nothing but rules is at work: the sum of the processor time of
all jobs, as their benchmark files tell it, divided by the cores.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from benchmarks.child import MEGABYTE
from benchmarks.overhead import CORES, job_interval
from benchmarks.processes import ROOT, ChildFailed
from benchmarks.runner import Row
from resound import store

CSV = Path("results/benchmarks/retrieval_tables.csv")
DATASETS = {"RESOUND_ESC50": "esc50", "RESOUND_ESC10": "esc10"}
NO_TRAININGS: dict[str, dict[str, list[str]]] = {
    "classification": {"features": []},
    "autoencoder": {"code_sizes": []},
    **{block: {"encoders": []} for block in ("zero_shot", "probe", "finetune")},
}


def dataset_at_hand() -> tuple[str, Path] | None:
    """Return the data set that the environment names and its folder, the larger one first."""
    for variable, dataset in DATASETS.items():
        if os.environ.get(variable):
            return dataset, Path(os.environ[variable])
    return None


def table_rows(dataset: str, folder: Path, seconds: float) -> list[Row]:
    """Return a run and its jobs at best as rows of the table.

    Parameters
    ----------
    dataset : str
        What was read.
    folder : pathlib.Path
        The run's benchmark files.
    seconds : float
        What the run took.

    Returns
    -------
    list of dict
        Besides the table's columns, in the row of the run, `peak_mb`, the largest resident memory
        of a job, and `jobs_at_once`, how many were at work on average.
    """
    paths = sorted(folder.rglob("*.tsv"))
    jobs = pd.concat([pd.read_csv(path, sep="\t", na_values="-") for path in paths])
    at_work = sum(last - first for first, last in map(job_interval, paths))
    at_best = float(jobs["cpu_time"].sum()) / CORES
    shared: Row = {"case": f"tables 1 and 2 of {dataset}", "threads": CORES, "work": len(jobs)}
    shared |= {"unit": "job", "difference": 0.0}
    run: Row = {"contender": "resound", "seconds": seconds, "ratio": 1.0}
    peak_mb = float(jobs["max_rss"].max()) * 2**20 / MEGABYTE
    run |= {"peak_mb": peak_mb, "jobs_at_once": at_work / seconds}
    best: Row = {"contender": "its jobs at best", "seconds": at_best, "ratio": at_best / seconds}
    return [{**shared, **row, "rate": len(jobs) / row["seconds"]} for row in (run, best)]


def run_tables(dataset: str, data_root: Path, scratch: Path) -> list[Row]:
    """Make the tables on two cores with all results in an empty folder, and measure it."""
    overlay, results = scratch / "no_trainings.yaml", scratch / "results"
    overlay.write_text(json.dumps({**NO_TRAININGS, "dataset": dataset}))
    workflow = [sys.executable, "-m", "snakemake", f"{results}/tables", "--cores", str(CORES)]
    start = time.time()
    done = subprocess.run(
        [
            *(*workflow, "--configfile", str(overlay)),
            *("--config", f"results_dir={results}", f"data_root={data_root.resolve()}"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.time() - start
    if done.returncode:
        raise ChildFailed(f"the tables failed:\n{done.stderr[-2000:]}")
    return table_rows(dataset, results / "benchmarks", seconds)


def main() -> None:
    parser = argparse.ArgumentParser("benchmarks.retrieval_tables", description=__doc__)
    parser.add_argument("--csv", type=Path, default=CSV)
    options = parser.parse_args()
    found = dataset_at_hand()
    if found is None:
        print(f"==> tables 1 and 2: left out, neither {' nor '.join(DATASETS)} names a folder")
        return
    print(f"==> tables 1 and 2 of {found[0]}, cores: {CORES}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        rows = run_tables(*found, Path(scratch))
    store.write_csv(pd.DataFrame(rows), options.csv)
    print(f"{rows[0]['seconds']:.0f} s; {rows[1]['seconds']:.0f} s at best")


if __name__ == "__main__":
    main()
