"""Callbacks at the end of an epoch: its row of history, the best weights, the checkpoint."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback, WeightAveraging
from torch import Tensor

from resound.store import replacing

EpochHook = Callable[[dict[str, float]], None]


class History(Callback):
    """Keeps one row an epoch, and the seconds spent, over all parts of an interrupted run.

    Parameters
    ----------
    on_epoch : callable, optional
        Is given each row as it is made.
    """

    def __init__(self, on_epoch: EpochHook | None = None) -> None:
        self.rows: list[dict[str, float]] = []
        self.seconds = 0.0
        self.on_epoch = on_epoch
        self._started = 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._started = time.monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add the epoch's row."""
        self.seconds += time.monotonic() - self._started
        rate = trainer.optimizers[0].param_groups[0]["lr"]
        row = {"epoch": trainer.current_epoch + 1, "learning_rate": float(rate)}
        metrics = {k: v for k, v in trainer.callback_metrics.items() if "_" in k}
        self.rows.append(row | {name: float(value) for name, value in sorted(metrics.items())})
        if self.on_epoch:
            self.on_epoch(self.rows[-1])

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"rows": self.rows, "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where a checkpoint ended."""
        self.rows, self.seconds = list(state_dict["rows"]), state_dict["seconds"]


class AverageWeights(WeightAveraging):
    r"""Keeps the moving average of the weights, which is what is validated and kept in the end.

    .. math:: a_n = d_n a_{n-1} + (1 - d_n) w_n, \quad
              d_n = \min\left(d, \frac{1 + n}{10 + n}\right)

    after step n with the weights w, the running statistics of norms among them. A decay that rises
    with the steps forgets where the weights began.

    Parameters
    ----------
    decay : float
        d, more than 0 and less than 1.

    References
    ----------
    B. T. Polyak, A. B. Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J.
    Control and Optimization 30(4), 1992, with TensorFlow's rule for the first steps.
    """

    def __init__(self, decay: float) -> None:
        def update(averages: list[Tensor], weights: list[Tensor], n_averaged: Tensor) -> None:
            share = 1 - min(decay, (1 + int(n_averaged)) / (10 + int(n_averaged)))
            if averages[0].is_floating_point():
                torch._foreach_lerp_(averages, weights, share)
            else:  # counts of steps
                torch._foreach_copy_(averages, weights)

        super().__init__(multi_avg_fn=update)

    def weights(self) -> dict[str, Tensor]:
        """Return the averages by the names of the module's state.

        Returns
        -------
        dict of str to Tensor, of any shape
        """
        if self._average_model is None:
            raise RuntimeError("there is no average before training")
        state: dict[str, Tensor] = self._average_model.module.state_dict()
        return state


class BestEpoch(Callback):
    """Keeps the weights of the epoch with the highest validation accuracy, the first of equals.

    Parameters
    ----------
    average : AverageWeights, optional
        Whose weights were validated.
    """

    def __init__(self, average: AverageWeights | None = None) -> None:
        self.average = average
        self.epoch, self.accuracy = 0, -1.0
        self.weights: dict[str, Tensor] = {}

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the epoch's weights when they are better."""
        accuracy = float(trainer.callback_metrics["validation_accuracy"])
        if accuracy > self.accuracy:
            self.epoch, self.accuracy = trainer.current_epoch + 1, accuracy
            state = pl_module.state_dict() if self.average is None else self.average.weights()
            kept = {name: value.detach().cpu().clone() for name, value in state.items()}
            self.weights = kept

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"epoch": self.epoch, "accuracy": self.accuracy, "weights": self.weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where a checkpoint ended."""
        self.epoch, self.accuracy = state_dict["epoch"], state_dict["accuracy"]
        self.weights = state_dict["weights"]


class KeepChoice(Callback):
    """Keeps what a first training chose in the checkpoints of the second.

    So one file is always all that is needed to go on, and `chosen_in` tells which of the two it is.

    Parameters
    ----------
    choice : mapping
        Of plain values and tensors.
    """

    def __init__(self, choice: Mapping[str, Any]) -> None:
        self.choice = dict(choice)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return self.choice


def chosen_in(checkpoint: Path | None) -> dict[str, Any] | None:
    """Return what a first training chose, if a checkpoint is of the second; None otherwise."""
    if checkpoint is None or not checkpoint.exists():
        return None
    kept = torch.load(checkpoint, map_location="cpu", weights_only=True)["callbacks"]
    choice: dict[str, Any] | None = kept.get(KeepChoice({}).state_key)
    return choice


class KeepCheckpoint(Callback):
    """Writes all that is needed to go on, whole or not at all, after every epoch.

    It stands last among the callbacks, so that what the others did in the epoch is in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Replace the checkpoint of the epoch before."""
        with replacing(self.path) as temporary:
            trainer.save_checkpoint(temporary)


def load_best(best: BestEpoch, module: torch.nn.Module) -> int:
    """Give `module` the weights of the best epoch, and return that epoch, from 1."""
    module.load_state_dict(best.weights)
    return best.epoch
