"""Measure everything, print the page and store it with its table; see `--help`."""

import argparse
from pathlib import Path

from benchmarks import encoder, machine, overhead, report, retrieval_tables
from benchmarks.cases import CASES
from benchmarks.clips import load_clips
from benchmarks.processes import cold_start_cases, peak_memory_row
from benchmarks.runner import measure


def main() -> None:
    parser = argparse.ArgumentParser("benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="timed runs of each contender")
    parser.add_argument("--csv", type=Path, default=Path("results/benchmarks/benchmarks.csv"))
    parser.add_argument("--page", type=Path, default=Path("docs/performance.md"))
    options = parser.parse_args()
    clips = load_clips()
    about = {"dataset": clips.dataset, "rounds": str(options.rounds)}
    rows = [
        row
        for command in (overhead, retrieval_tables, encoder)
        for row in report.stored_rows(command.CSV)
    ]
    rows.append(peak_memory_row())
    for case in (*(case for build in CASES for case in build(clips)), *cold_start_cases()):
        print(f"==> {case.name}, threads: {case.n_threads}", flush=True)
        rows += measure(case, rounds=options.rounds)
        # After every case: a run that is stopped has stored what it measured.
        page = report.write(
            rows, options.csv, options.page, machine=machine.describe(), about=about
        )
    print(page)


if __name__ == "__main__":
    main()
