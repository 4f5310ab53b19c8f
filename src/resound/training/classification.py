"""One step of training a classifier."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from resound.models.classifier import Classifier
from resound.training.augment import augment
from resound.training.module import NetworkTraining


class ClassifierTraining(NetworkTraining):
    """Trains a classifier by cross-entropy on augmented batches.

    Parameters
    ----------
    network : Classifier
        What is trained.
    n_classes : int
        Classes.
    options : mapping
        As `NetworkTraining`, and ``label_smoothing``.
    augmentation : mapping
        Options of `resound.training.augment.augment`.
    decibel : Tensor, shape (dims,)
        What 1 dB of gain adds to the features.
    seed : int
        Decides dropout and augmentation.
    """

    block = "classification"
    network: Classifier
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
        super().__init__(network, options=options, seed=seed)
        self.n_classes, self.n_planes = n_classes, network.n_planes
        self.augmentation = dict(augmentation)
        self.register_buffer("decibel", decibel, persistent=False)

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Return the loss of one augmented batch."""
        x, y = batch
        rng = self.seeded(index)
        targets = self.one_hot(y, x)
        options: dict[str, Any] = {"n_planes": self.n_planes, "decibel": self.decibel}
        x, targets = augment(x, targets, rng, options=self.augmentation, **options)
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
