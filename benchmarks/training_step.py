"""Where the time of one training step goes, on one thread of the CPU.

    python -m benchmarks.training_step

measures a batch of 32 crops of 2.5 s (125 frames of 128 mel bands) as the recipe from scratch reads
them, part by part, and prints the table. The clips are noise: what they are decides no time.
*Arithmetic* are the multiplications and additions of both passes, as torch counts them; what a
single convolution of 64 channels reaches tells what the processor could do.
Times are the processor's own, so that other work on the machine counts little.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from tabulate import tabulate

from resound import store

CSV = Path("results/benchmarks/training_step.csv")
CLIPS, FRAMES, BINS, BATCH, CLASSES = 64, 251, 128, 32, 50
ROUNDS = 7
NETWORKS = ("freq_resnet", "cnn")
PRECISIONS = ("32-true", "bf16-mixed")
AUGMENTATION = {
    "time_roll": 1.0, "time_stretch": 0.25, "crop": 0.5, "pitch": 2.0, "gain_db": 6.0,
    "time_masks": 1, "time_mask": 0.1, "bin_masks": 1, "bin_mask": 0.12,
    "mixup": 1.0, "mixing": "full",
}  # fmt: skip


def step_row(network: str, precision: str, *, rounds: int = ROUNDS) -> dict[str, Any]:
    """Return the medians of the parts of a step, in ms, and the rates that follow from them."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from resound.registry import NETWORKS as REGISTERED
    from resound.training.augment import augment
    from resound.training.callbacks import AverageWeights

    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = REGISTERED[network](BINS, CLASSES)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4)
    average = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=AverageWeights(0.999)._kwargs["multi_avg_fn"], use_buffers=True
    )
    x, rng = torch.randn(CLIPS, FRAMES, BINS), np.random.default_rng(0)
    frequencies = 40.0 * 2 ** np.linspace(0, 9, BINS)
    made: dict[str, Any] = {}

    def vary() -> None:
        rows = rng.permutation(CLIPS)[:BATCH]
        targets = torch.eye(CLASSES)[rows % CLASSES]
        varied = augment(x[rows], targets, rng, options=AUGMENTATION, frequencies=frequencies)
        made["x"], made["targets"] = varied

    def forward() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16-mixed"):
            logits = net(made["x"]).float()
        made["loss"] = torch.nn.functional.cross_entropy(logits, made["targets"])

    def backward() -> None:
        optimizer.zero_grad()
        made["loss"].backward()

    parts: dict[str, Callable[[], Any]] = {
        "variation": vary,
        "forward": forward,
        "backward": backward,
        "optimizer": optimizer.step,
        "average": lambda: average.update_parameters(net),
    }
    for run in parts.values():
        run()
    with FlopCounterMode(display=False) as counter:
        forward()
        backward()
    times: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(rounds):
        for name, run in parts.items():
            start = time.process_time()
            run()
            times[name].append(1000 * (time.process_time() - start))
    medians = {name: statistics.median(values) for name, values in times.items()}
    total = sum(medians.values())
    return {
        "network": network,
        "precision": precision,
        **medians,
        "step": total,
        "clips_a_second": 1000 * BATCH / total,
        "gflop_a_clip": counter.get_total_flops() / BATCH / 1e9,
        "gflop_a_second": counter.get_total_flops() / 1e6 / total,
        "convolution": convolution_rate(precision),
    }


def convolution_rate(precision: str) -> float:
    """Return the GFLOP a second of one 3 x 3 convolution of 64 channels, forward."""
    import torch

    convolution = torch.nn.Conv2d(64, 64, 3, padding=1)
    cast(Any, convolution).to(memory_format=torch.channels_last)
    x = torch.randn(BATCH, 64, 32, 32).to(memory_format=torch.channels_last)
    times = []
    with (
        torch.inference_mode(),
        torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16-mixed"),
    ):
        x = x.bfloat16() if precision == "bf16-mixed" else x
        for _ in range(ROUNDS):
            start = time.process_time()
            convolution(x)
            times.append(time.process_time() - start)
    return 2 * 9 * 64 * 64 * 32 * 32 * BATCH / statistics.median(times) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser("benchmarks.training_step", description=__doc__)
    parser.add_argument("--csv", type=Path, default=CSV)
    options = parser.parse_args()
    frame = pd.DataFrame(
        step_row(network, precision) for network in NETWORKS for precision in PRECISIONS
    )
    options.csv.parent.mkdir(parents=True, exist_ok=True)
    store.write_csv(frame, options.csv)
    print(tabulate(frame.to_dict("records"), headers="keys", tablefmt="github", floatfmt=".3g"))


if __name__ == "__main__":
    main()
