"""A fine-tuning that takes seconds: a small BEATs of random weights on 30 short clips."""

import numpy as np
import pandas as pd
import torch

from resound.store import StoredArray
from tests.tiny_encoders import BEATS_CFG, random_beats

AUDIO = {"duration": 0.25, "resampling": "HQ", "sample_rate": 16000}
OFF = {"time_roll": 0.0, "gain_db": 0.0, "time_masks": 0, "time_mask": 0.0, "mixup": 0.0} | {
    "mixing": "main"
}
SPEC = {
    "network": "beats_finetuned",
    "weights": "0" * 64,
    "split": {"query_folds": [5], "on_split_recording": "error"},
    "audio": AUDIO,
    "encoder": {"name": "beats", "sha256": "0" * 64, "options": {}},
    "head": {"name": "adapter", "width": 4, "dropout": 0.1},
    "seed": 0,
    "selection": "validation",
    "epochs": 2,
    "steps": None,
    "batch_size": 4,
    "accumulate": 2,
    "learning_rate": 0.01,
    "encoder_learning_rate": 0.001,
    "layer_decay": 0.5,
    "weight_decay": 0.01,
    "warmup_epochs": 1,
    "average": 0.0,
    "label_smoothing": 0.1,
    "gradient_clip": 1.0,
    "augmentation": {"time_roll": 1.0, "gain_db": 3.0, "time_masks": 1, "time_mask": 0.1}
    | {"mixup": 0.3, "mixing": "main"},
    "accelerator": "cpu",
    "precision": "32-true",
}


def encoder():
    """Return the same small encoder each time."""
    torch.manual_seed(0)
    return random_beats({**BEATS_CFG, "encoder_layerdrop": 0.0})


def make_clips() -> tuple[StoredArray, pd.DataFrame]:
    """Return 30 clips in five folds: noise, a low and a high tone."""
    rng = np.random.default_rng(0)
    number = np.arange(30) % 3
    time = np.arange(4000) / 16000
    tone = np.sin(2 * np.pi * np.array([0, 300, 3000])[number, None] * time)
    values = (0.3 * tone + 0.02 * rng.normal(size=(30, 4000))).astype(np.float32)
    ids = [f"clip{i:02}" for i in range(30)]
    index = pd.DataFrame(
        {"id": ids, "fold": 1 + np.arange(30) // 6, "category": np.array(["a", "b", "c"])[number]}
    )
    return StoredArray(values, {"clips": ids}, AUDIO), index
