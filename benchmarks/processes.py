"""Cold starts and peak memory, each in a process of its own."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.child import FRAMES
from benchmarks.libraries import DTW
from benchmarks.runner import Case, Contender, Row, relative
from resound.errors import ResoundError

ROOT = Path(__file__).resolve().parents[1]
PEAK_QUERIES, PEAK_GALLERY = 400, 1600


class ChildFailed(ResoundError):
    """A process that was to be measured ended with an error."""


def cold_start_cases() -> Iterator[Case]:
    """Yield the time from the start of Python to the distance of the first pair of clips.

    The run that compares the results comes first and leaves compiled code in the caches of the
    libraries that keep one: what is timed is a second process.
    """
    for local_cost, libraries in DTW.items():
        contenders = [
            Contender(name, partial(_first_distance, local_cost, name), 1) for name in libraries
        ]
        yield Case(f"cold start {local_cost}", "start", 1, contenders, relative, 1e-5)


def peak_memory_row(n_queries: int = PEAK_QUERIES, n_gallery: int = PEAK_GALLERY) -> Row:
    """Return the peak memory of a full matrix as a row of the table, with `peak_mb` in MB."""
    start = time.perf_counter()
    peak_mb = _child("peak-memory", str(n_queries), str(n_gallery))["peak_mb"]
    seconds = time.perf_counter() - start
    cells = n_queries * n_gallery * FRAMES**2
    return {
        "case": "peak memory",
        "contender": "resound",
        "threads": 2,
        "work": cells,
        "unit": "cell",
        "seconds": seconds,
        "rate": cells / seconds,
        "ratio": 1.0,
        "difference": 0.0,
        "peak_mb": peak_mb,
    }


def _first_distance(local_cost: str, library: str) -> npt.NDArray[np.float64]:
    return np.array([_child("first-call", local_cost, library)["distance"]])


def _child(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.child", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise ChildFailed(
            f"`{' '.join(command[1:])}` failed: {lines[-1]}; run it in {ROOT} to see all of it"
        )
    result: dict[str, Any] = json.loads(done.stdout)
    return result
