"""Batches of clips that stand in memory as one tensor, without work in Python for each clip."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from resound.errors import TrainingError

Rows = npt.NDArray[np.intp]


class ClipTensors(Dataset[tuple[Tensor, Tensor]]):
    """Features (clips, frames, dims) and class numbers (clips,), indexed by whole batches."""

    def __init__(self, x: Tensor, y: Tensor) -> None:
        self.x, self.y = x, y

    def __getitem__(self, rows: Rows) -> tuple[Tensor, Tensor]:
        return self.x[rows], self.y[rows]


class EpochBatches(Sampler[Rows]):
    """The rows of every batch of an epoch, in an order that seed and epoch alone decide.

    The batches of an epoch differ by at most one clip, so none is too small to normalise. Lightning
    calls `set_epoch`; a run that goes on at epoch e therefore draws what it would have drawn.
    """

    def __init__(self, rows: Rows, batch_size: int, *, seed: int | None) -> None:
        self.rows, self.seed, self.epoch = rows, seed, 0
        self.n_batches = -(-len(rows) // batch_size)

    def __len__(self) -> int:
        return self.n_batches

    def __iter__(self) -> Iterator[Rows]:
        rows = self.rows
        if self.seed is not None:
            rows = np.random.default_rng([self.seed, self.epoch, 0]).permutation(rows)
        yield from np.array_split(rows, self.n_batches)

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch the next pass is."""
        self.epoch = epoch


class ClipData(LightningDataModule):
    """The batches of one training.

    Parameters
    ----------
    x : Tensor, shape (clips, frames, dims)
        Standardised features of all clips.
    y : Tensor, shape (clips,)
        Class numbers.
    training, validation : ndarray of int
        Rows to train on, shuffled each epoch; rows to watch, none for no validation.
    batch_size : int
        Clips a batch at most.
    seed : int
        Decides the order.
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        training: Rows,
        validation: Rows,
        *,
        batch_size: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.clips = ClipTensors(x, y)
        self.training, self.validation = training, validation
        self.batch_size, self.seed = batch_size, seed

    def train_dataloader(self) -> DataLoader[tuple[Tensor, Tensor]]:
        """Return the shuffled batches."""
        return self._loader(EpochBatches(self.training, self.batch_size, seed=self.seed))

    def val_dataloader(self) -> DataLoader[tuple[Tensor, Tensor]] | list[None]:
        """Return the batches to watch, in the order of the rows."""
        if not len(self.validation):
            return []
        return self._loader(EpochBatches(self.validation, self.batch_size, seed=None))

    def _loader(self, batches: EpochBatches) -> DataLoader[tuple[Tensor, Tensor]]:
        return DataLoader(self.clips, sampler=batches, batch_size=None)


def class_numbers(categories: Iterable[str]) -> tuple[list[str], Tensor]:
    """Return the classes in alphabetical order, and the number of each clip's class."""
    classes, numbers = np.unique(np.asarray([*categories], str), return_inverse=True)
    return classes.tolist(), torch.from_numpy(numbers.astype(np.int64))


def training_rows(
    clips: pd.DataFrame, query_folds: Sequence[int], selection: str
) -> tuple[Rows, Rows]:
    """Divide clips into those to train on and those that choose the epoch.

    Parameters
    ----------
    clips : DataFrame
        The index, with ``fold, category``.
    query_folds : sequence of int
        The test folds, never trained on.
    selection : {"fixed", "validation", "test"}
        ``fixed``: all other folds, nothing chooses. ``validation``: the last of the other folds
        chooses and is not trained on. ``test``: the test folds choose, as published practice does.

    Returns
    -------
    training, validation : ndarray of int
        Rows of `clips`.

    Raises
    ------
    TrainingError
        When no fold is left, or what is left to train on has one class only.
    """
    fold = clips["fold"].to_numpy()
    others = sorted(set(fold.tolist()) - set(query_folds))
    chosen = {"fixed": [], "validation": others[-1:], "test": list(query_folds)}[selection]
    trained = [f for f in others if f not in chosen]
    training = np.flatnonzero(np.isin(fold, trained))
    n_classes = clips["category"].iloc[training].nunique()
    if n_classes < 2:
        raise TrainingError(
            f"the folds {trained} to train on hold {n_classes} classes, and a classifier needs two "
            f"(test folds {list(query_folds)}, selection {selection}); check the CSV's folds"
        )
    return training, np.flatnonzero(np.isin(fold, chosen))
