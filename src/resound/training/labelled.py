"""Trainings on labelled clips: the steps that all of them take, and what is tested of them."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from resound.models.classifier import Classifier
from resound.training.data import class_numbers
from resound.training.folds import Rows, choosing_folds, rows_outside, training_rows
from resound.training.losses.loss import Loss
from resound.training.module import NetworkTraining
from resound.training.outcome import Outcome, failed_outcome, outcome_of, predictions_of
from resound.training.run import Begun, Division, Float32, Task


class LabelledTraining(NetworkTraining):
    """Trains a network by a loss on varied batches; a subclass says how they vary.

    Parameters
    ----------
    network : Module
        What is trained, in two parts, ``embed`` and ``classify``; its output is logits.
    n_classes : int
        Classes.
    loss : Loss
        What is made smaller.
    options : mapping
        As `NetworkTraining`.
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
        loss: Loss,
        options: Mapping[str, Any],
        augmentation: Mapping[str, Any],
        seed: int,
    ) -> None:
        super().__init__(network, options=options, seed=seed)
        self.n_classes, self.loss = n_classes, loss
        self.augmentation = {**augmentation, **({} if loss.mixes else {"mixup": 0})}

    def varied(self, x: Tensor, targets: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return a varied batch and its targets.

        Parameters
        ----------
        x : Tensor, shape (batch, ...)
            Inputs.
        targets : Tensor, shape (batch, classes)
            Probabilities of the classes.
        rng : numpy.random.Generator
            Source of all draws.

        Returns
        -------
        x : Tensor, shape (batch, ...)
        targets : Tensor, shape (batch, classes)
        """
        raise NotImplementedError

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Return the loss of one batch's views, and the last layer's where it learns apart.

        Parameters
        ----------
        batch : (x, y)
            Inputs (batch, ...) and class numbers (batch,).
        index : int
            Of the batch in its epoch.

        Returns
        -------
        Tensor, a scalar
            In nats.

        Raises
        ------
        TrainingError
            When it is NaN or infinite.
        """
        x, y = batch
        rng = self.seeded(index)
        views = [self.varied(x, self.one_hot(y, x), rng) for _ in range(self.loss.n_views)]
        x, targets = (torch.cat(parts) for parts in zip(*views, strict=True))
        network = cast(Classifier, self.network)
        embeddings = network.embed(x)
        apart = not self.loss.through_classes
        logits = network.classify(embeddings.detach() if apart else embeddings)
        loss, labels = self.loss(embeddings, logits, targets), targets.argmax(1)
        loss = self.finite(loss + self.loss.of_classes(logits, labels) if apart else loss)
        self._record("train", loss, logits, labels)
        return loss

    def one_hot(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the targets of class numbers, in the type of the inputs.

        Parameters
        ----------
        y : Tensor of int64, shape (batch,)
            Class numbers.
        x : Tensor, shape (batch, ...)
            Inputs.

        Returns
        -------
        Tensor, shape (batch, classes)
            1 for the class, 0 for all others.
        """
        return one_hot(y, self.n_classes).to(x.dtype)

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Measure the cross-entropy, in nats, and the accuracy of one batch as it is.

        Parameters
        ----------
        batch : (x, y)
            Inputs (batch, ...) and class numbers (batch,).
        index : int
            Of the batch in its epoch.
        """
        x, y = batch
        logits = self(x).float()
        self._record("validation", cross_entropy(logits, y), logits, y)

    def _record(self, part: str, loss: Tensor, logits: Tensor, y: Tensor) -> None:
        accuracy = (logits.argmax(1) == y).float().mean()
        values = {f"{part}_loss": loss.detach(), f"{part}_accuracy": accuracy}
        self.log_dict(values, on_step=False, on_epoch=True, batch_size=len(y))


class LabelledTask(Task):
    """A training whose clips have classes: it may choose its epoch, and predicts the test folds.

    A subclass writes `begin` and `logits`.
    """

    def __init__(self, ids: list[str], clips: pd.DataFrame, spec: Mapping[str, Any]) -> None:
        super().__init__(ids, clips, spec)
        self.classes, self.numbers = class_numbers(self.clips["category"])
        self.query_folds: list[int] = spec["split"]["query_folds"]

    def labels(self) -> dict[str, Any]:
        """Return the classes."""
        return {"classes": self.classes}

    def choosing(self) -> dict[str, Any]:
        """Return the folds whose clips choose the epoch."""
        folds = self.clips["fold"]
        return {"chosen_on": choosing_folds(folds, self.query_folds, self.spec["selection"])}

    def rows(self) -> Division:
        """Divide the clips as ``selection`` has it."""
        split, selection = self.spec["split"], self.spec["selection"]
        rows = training_rows(self.clips, selection=selection, **split)
        return Division(*rows, rows_outside(self.clips, **split))

    def targets(self) -> Tensor:
        """Return the class numbers, (clips,)."""
        return self.numbers

    def logits(self, begun: Begun, rows: Rows) -> Float32:
        """Return what a trained network makes of clips.

        Parameters
        ----------
        begun : Begun
            Whose network was trained.
        rows : ndarray of int, shape (rows,)
            Rows of the inputs.

        Returns
        -------
        ndarray, shape (rows, classes)
            Logits.
        """
        raise NotImplementedError

    def answers(self, begun: Begun, rows: Rows) -> Tensor:
        """Return the logits of clips.

        Parameters
        ----------
        begun : Begun
            Whose network was trained.
        rows : ndarray of int, shape (rows,)
            Rows of the inputs.

        Returns
        -------
        Tensor, shape (rows, classes)
        """
        return torch.from_numpy(self.logits(begun, rows))

    def outcome(
        self,
        record: dict[str, Any],
        begun: Begun,
        history: pd.DataFrame,
        *,
        choosing: tuple[Rows, Tensor] | None = None,
    ) -> Outcome:
        """Return the network with its predictions of the test folds, and of the fold that chose.

        Parameters
        ----------
        record : dict
            Of the training.
        begun : Begun
            Whose network was trained.
        history : DataFrame
            A row an epoch.
        choosing : (rows, answers), optional
            Rows (n_validation,) that chose, and their logits (n_validation, classes) then.
        """
        test = np.flatnonzero(self.clips["fold"].isin(self.query_folds))
        made: dict[str, Any] = {"network": begun.network.cpu().eval(), "history": history}
        logits = self.logits(begun, test)
        if choosing is not None:
            rows, answers = choosing
            made["choosing"] = predictions_of(self.clips.iloc[rows], self.classes, answers.numpy())
        return outcome_of(record, self.clips.iloc[test], logits, **made)

    def failure(self, record: dict[str, Any], error: Exception) -> Outcome:
        """Return the reason, and no predictions."""
        return failed_outcome(record, self.clips, error)
