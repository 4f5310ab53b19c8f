"""One step of training a classifier."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from resound.models.classifier import Classifier
from resound.training.augment import augment
from resound.training.module import NetworkTraining


class LabelledTraining(NetworkTraining):
    """Trains by cross-entropy on varied batches; a subclass says how they vary.

    Parameters
    ----------
    network : Module
        What is trained; its output is logits.
    n_classes : int
        Classes.
    options : mapping
        As `NetworkTraining`, and ``label_smoothing``.
    augmentation : mapping
        Options of the variation.
    seed : int
        Decides dropout and augmentation.
    """

    def __init__(
        self,
        network: nn.Module,
        n_classes: int,
        *,
        options: Mapping[str, Any],
        augmentation: Mapping[str, Any],
        seed: int,
    ) -> None:
        super().__init__(network, options=options, seed=seed)
        self.n_classes, self.augmentation = n_classes, dict(augmentation)

    def varied(self, x: Tensor, targets: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return a varied batch and its targets (batch, classes)."""
        raise NotImplementedError

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Return the loss of one augmented batch."""
        x, y = batch
        rng = self.seeded(index)
        x, targets = self.varied(x, self.one_hot(y, x), rng)
        logits = self(x)
        smoothing = self.options["label_smoothing"]
        loss = self.finite(cross_entropy(logits.float(), targets, label_smoothing=smoothing))
        self._record("train", loss, logits, targets.argmax(1))
        return loss

    def one_hot(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the targets (batch, classes) of class numbers, in the type of `x`."""
        return one_hot(y, self.n_classes).to(x.dtype)

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Measure loss and accuracy on one batch as it is."""
        x, y = batch
        logits = self(x).float()
        self._record("validation", cross_entropy(logits, y), logits, y)

    def _record(self, part: str, loss: Tensor, logits: Tensor, y: Tensor) -> None:
        accuracy = (logits.argmax(1) == y).float().mean()
        values = {f"{part}_loss": loss.detach(), f"{part}_accuracy": accuracy}
        self.log_dict(values, on_step=False, on_epoch=True, batch_size=len(y))


class ClassifierTraining(LabelledTraining):
    """Trains a classifier of a feature.

    Parameters
    ----------
    network : Classifier
        What is trained.
    n_classes : int
        Classes.
    decibel : Tensor, shape (dims,)
        What 1 dB of gain adds to the features.
    **options
        As `LabelledTraining`; ``augmentation`` as `resound.training.augment.augment` takes it.
    """

    block = "classification"
    network: Classifier
    decibel: Tensor

    def __init__(
        self, network: Classifier, n_classes: int, *, decibel: Tensor, **options: Any
    ) -> None:
        super().__init__(network, n_classes, **options)
        self.register_buffer("decibel", decibel, persistent=False)

    def varied(self, x: Tensor, targets: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return a batch varied as `augment` varies features."""
        planes: dict[str, Any] = {"n_planes": self.network.n_planes, "decibel": self.decibel}
        return augment(x, targets, rng, options=self.augmentation, **planes)
