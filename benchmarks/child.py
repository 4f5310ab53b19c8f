"""What is measured in a process of its own; `benchmarks.processes` starts it.

    python -m benchmarks.child first-call euclidean resound
    python -m benchmarks.child peak-memory 400 1600

prints one JSON object. Nothing is imported here that the measured library would not import.
"""

import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.libraries import DTW

FRAMES, DIMS = 216, 13
MEGABYTE = 1e6
STATUS = Path("/proc/self/status")


def first_call(local_cost: str, library: str) -> dict[str, float]:
    """Return the distance of one pair of clips, from the first call of this process."""
    clips = np.random.default_rng(0).standard_normal((2, FRAMES, DIMS)).astype(np.float32)
    return {"distance": float(DTW[local_cost][library](clips[:1], clips[1:], 1)[0, 0])}


def peak_memory(n_queries: str, n_gallery: str) -> dict[str, float]:
    """Return the peak resident memory of this process in MB, after a full matrix of our own."""
    rng = np.random.default_rng(0)
    queries, gallery = (
        rng.standard_normal((int(n_clips), FRAMES, DIMS), dtype=np.float32)
        for n_clips in (n_queries, n_gallery)
    )
    DTW["euclidean"]["resound"](queries, gallery, 2)
    # ru_maxrss would be the parent's peak where that is higher: exec hands it on.
    fields = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    kibibytes, _ = fields["VmHWM"].split()
    return {"peak_mb": int(kibibytes) * 1024 / MEGABYTE}


def main() -> None:
    job, *arguments = sys.argv[1:]
    jobs = {"first-call": first_call, "peak-memory": peak_memory}
    print(json.dumps(jobs[job](*arguments)))


if __name__ == "__main__":
    main()
