"""One step of training, and the schedule of the learning rate."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from lightning import LightningModule
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from resound.errors import TrainingError
from resound.models.classifier import Classifier
from resound.training.augment import augment

UNDECAYED_NDIM = 1


class ClassifierTraining(LightningModule):
    """Trains a classifier by cross-entropy on augmented batches.

    All randomness of a step is drawn from (seed, epoch, batch), so that nothing but the epoch needs
    to be known to go on exactly where a run stopped.

    Parameters
    ----------
    network : Classifier
        What is trained.
    n_classes : int
        Classes.
    options : mapping
        ``learning_rate`` (the largest), ``weight_decay``, ``warmup_epochs``, ``label_smoothing``.
    augmentation : mapping
        Options of `resound.training.augment.augment`.
    decibel : Tensor, shape (dims,)
        What 1 dB of gain adds to the features.
    seed : int
        Decides dropout and augmentation.
    """

    decibel: Tensor

    def __init__(
        self,
        network: Classifier,
        n_classes: int,
        *,
        options: Mapping[str, Any],
        augmentation: Mapping[str, Any],
        decibel: Tensor,
        seed: int,
    ) -> None:
        super().__init__()
        self.network, self.n_classes, self.seed = network, n_classes, seed
        self.options, self.augmentation = dict(options), dict(augmentation)
        self.register_buffer("decibel", decibel, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of a batch."""
        logits: Tensor = self.network(x)
        return logits

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Return the loss of one augmented batch."""
        x, y = batch
        # Number 0 of an epoch draws the order of its clips.
        rng = np.random.default_rng([self.seed, self.current_epoch, 1 + index])
        torch.manual_seed(int(rng.integers(2**63)))
        targets = one_hot(y, self.n_classes).to(x.dtype)
        planes = self.network.n_planes
        options: dict[str, Any] = {"n_planes": planes, "decibel": self.decibel}
        x, targets = augment(x, targets, rng, options=self.augmentation, **options)
        logits = self(x)
        smoothing = self.options["label_smoothing"]
        loss = cross_entropy(logits.float(), targets, label_smoothing=smoothing)
        if not torch.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss.item()} in epoch {self.current_epoch + 1}: training diverged; "
                "lower classification.learning_rate"
            )
        self._record("train", loss, logits, targets.argmax(1))
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Measure loss and accuracy on one batch as it is."""
        x, y = batch
        logits = self(x).float()
        self._record("validation", cross_entropy(logits, y), logits, y)

    def _record(self, part: str, loss: Tensor, logits: Tensor, y: Tensor) -> None:
        accuracy = (logits.argmax(1) == y).float().mean()
        values = {f"{part}_loss": loss.detach(), f"{part}_accuracy": accuracy}
        self.log_dict(values, on_step=False, on_epoch=True, batch_size=len(y))

    def configure_optimizers(self) -> Any:
        """Return AdamW, without decay of biases and norms, and its schedule by step."""
        parameters = [p for p in self.network.parameters() if p.requires_grad]
        groups = [
            {
                "params": [p for p in parameters if p.ndim > UNDECAYED_NDIM],
                "weight_decay": self.options["weight_decay"],
            },
            {
                "params": [p for p in parameters if p.ndim <= UNDECAYED_NDIM],
                "weight_decay": 0.0,
            },
        ]
        optimizer = torch.optim.AdamW(groups, lr=self.options["learning_rate"])
        steps = int(self.trainer.estimated_stepping_batches)
        warmup = round(steps * self.options["warmup_epochs"] / (self.trainer.max_epochs or 1))
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: learning_rate_factor(step, warmup, steps)
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def learning_rate_factor(step: int, warmup: int, steps: int) -> float:
    r"""Return the learning rate of a step as a share of the largest.

    It rises linearly over `warmup` steps, ``(step + 1) / warmup``, then falls along half a cosine,

    .. math:: \tfrac12 \left(1 + \cos \pi \frac{step - warmup}{steps - warmup}\right).
    """
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
