"""A training that takes a second: 60 short clips of three classes that can be told apart.

Run as a program, it trains by the selection of the third argument, and is killed at the step that
the second one names, counted over all that it trains.
"""

import itertools
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from resound.store import StoredArray

BANK = {
    "audio": {"duration": 0.2, "resampling": "HQ", "sample_rate": 8000},
    "feature": "mel",
    "stft": {"sample_rate": 8000, "n_fft": 256, "hop_length": 128},
    "options": {"n_mels": 8},
}
SPEC = {
    "bank": BANK,
    "split": {"query_folds": [5], "on_split_recording": "error"},
    "network": "cnn",
    "options": {"channels": [4, 8]},
    "weights": None,
    "loss": {"name": "cross_entropy"},
    "input": {"n_planes": 1, "scale": "decibel", "max_bins": 8},
    "seed": 0,
    "selection": "fixed",
    "epochs": 4,
    "steps": None,
    "batch_size": 8,
    "learning_rate": 0.01,
    "weight_decay": 0.01,
    "warmup_epochs": 1,
    "average": 0.0,
    "label_smoothing": 0.1,
    "augmentation": {
        "time_roll": 1.0,
        "time_stretch": 0.0,
        "crop": 0.0,
        "pitch": 0.0,
        "gain_db": 3.0,
        "time_masks": 1,
        "time_mask": 0.2,
        "bin_masks": 1,
        "bin_mask": 0.2,
        "mixup": 0.3,
        "mixing": "main",
    },
    "accelerator": "cpu",
    "precision": "auto",
}
CLASSES = ["dog", "rain", "siren"]


def make_bank() -> tuple[StoredArray, pd.DataFrame]:
    """Return a bank (60, 12, 8) and its index: four clips a class and fold."""
    rng = np.random.default_rng(0)
    number = np.arange(60) % 3
    values = rng.normal(-50, 5, (60, 12, 8))
    values[np.arange(60), :, 2 * number] += 8
    ids = [f"clip{i:02}" for i in range(60)]
    clips = pd.DataFrame(
        {
            "id": ids,
            "fold": 1 + np.arange(60) // 12,
            "category": np.array(CLASSES)[number],
            "src_file": [str(i // 2) for i in range(60)],
        }
    )
    return StoredArray(values.astype(np.float32), {"clips": ids}, BANK), clips


def train_until_killed(checkpoint: Path, last_step: int, selection: str) -> None:
    """Train, and end by SIGKILL at the beginning of a step."""
    from resound.training.classification import ClassifierTraining, train_classifier

    step_of_training, steps = ClassifierTraining.training_step, itertools.count()

    def step_or_die(self, batch, index):
        if next(steps) == last_step:
            os.kill(os.getpid(), signal.SIGKILL)
        return step_of_training(self, batch, index)

    ClassifierTraining.training_step = step_or_die
    torch.set_num_threads(1)
    train_classifier(*make_bank(), SPEC | {"selection": selection}, resume=checkpoint)


if __name__ == "__main__":
    train_until_killed(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
