"""How long BEATs of the published size takes for a clip, on one thread.

    python -m benchmarks.encoder

writes one row, which `python -m benchmarks` takes into its table. It is a command of its own
because the environment of the other libraries has no torch. The weights are random numbers: what
they are decides no time.
"""

import argparse
import statistics
import time
from pathlib import Path

import pandas as pd

from benchmarks.runner import Row
from resound import store

CSV = Path("results/benchmarks/encoder.csv")
SECONDS = 5
ROUNDS = 15


def encoder_row(rounds: int = ROUNDS) -> Row:
    """Return the median time of one clip as a row of the table."""
    import torch

    from resound.encoders.beats import Beats
    from resound.encoders.beats_network import BeatsConfig

    torch.set_num_threads(1)
    network = Beats(BeatsConfig()).eval()
    clip = 0.1 * torch.randn(1, SECONDS * network.sample_rate)
    times = []
    with torch.inference_mode():
        network.embed(clip)
        for _ in range(rounds):
            start = time.perf_counter()
            network.embed(clip)
            times.append(time.perf_counter() - start)
    median = statistics.median(times)
    return {
        "case": f"encoder, a clip of {SECONDS} s",
        "contender": "resound, BEATs",
        "threads": 1,
        "work": 1,
        "unit": "clip",
        "seconds": median,
        "rate": 1 / median,
        "ratio": 1.0,
        "difference": 0.0,
    }


def main() -> None:
    parser = argparse.ArgumentParser("benchmarks.encoder", description=__doc__)
    parser.add_argument("--csv", type=Path, default=CSV)
    options = parser.parse_args()
    print("==> pretrained encoder, threads: 1", flush=True)
    row = encoder_row()
    store.write_csv(pd.DataFrame([row]), options.csv)
    print(f"{row['seconds']:.2f} s for a clip of {SECONDS} s")


if __name__ == "__main__":
    main()
