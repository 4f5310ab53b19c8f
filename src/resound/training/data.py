"""Batches of clips that stand as one array or tensor, without work in Python for each clip."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

Rows = npt.NDArray[np.intp]
Float32 = npt.NDArray[np.float32]


class ClipTensors(Dataset[tuple[Tensor, Tensor]]):
    """Clips, an array or tensor, and their class numbers, indexed by whole batches.

    Parameters
    ----------
    x : Tensor or ndarray, shape (clips, frames, dims) or (clips, samples)
        Inputs of all clips; may be a memory map.
    y : Tensor, shape (clips,)
        Class numbers.
    """

    def __init__(self, x: Tensor | Float32, y: Tensor) -> None:
        self.x, self.y = x, y

    def __getitem__(self, rows: Rows) -> tuple[Tensor, Tensor]:
        return torch.as_tensor(self.x[rows]), self.y[rows]


class EpochBatches(Sampler[Rows]):
    """The rows of every batch of an epoch, in an order that seed and epoch alone decide.

    The batches of an epoch differ by at most one clip, so none is too small to normalise. Lightning
    calls `set_epoch`; a run that goes on at epoch e therefore draws what it would have drawn.

    Parameters
    ----------
    rows : ndarray of int, shape (rows,)
        The clips of an epoch.
    batch_size : int
        Clips a batch at most.
    seed : int or None
        Decides the order; None keeps that of `rows`.

    Examples
    --------
    >>> list(EpochBatches(np.arange(7), 3, seed=None))
    [array([0, 1, 2]), array([3, 4]), array([5, 6])]
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
    x : Tensor or ndarray, shape (clips, frames, dims) or (clips, samples)
        Standardised features of all clips, or their waveforms; may be a memory map.
    y : Tensor, shape (clips,)
        Class numbers.
    training, validation : ndarray of int, shape (rows,)
        Rows to train on, shuffled each epoch; rows to watch, none for no validation.
    batch_size : int
        Clips a batch at most.
    seed : int
        Decides the order.
    """

    def __init__(
        self,
        x: Tensor | Float32,
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
        """Return the shuffled batches: inputs (batch, ...) and class numbers (batch,)."""
        return self._loader(EpochBatches(self.training, self.batch_size, seed=self.seed))

    def val_dataloader(self) -> DataLoader[tuple[Tensor, Tensor]] | list[None]:
        """Return the batches to watch, inputs (batch, ...) and class numbers (batch,), in order.

        Without rows to watch there are none.
        """
        if not len(self.validation):
            return []
        return self._loader(EpochBatches(self.validation, self.batch_size, seed=None))

    def _loader(self, batches: EpochBatches) -> DataLoader[tuple[Tensor, Tensor]]:
        return DataLoader(self.clips, sampler=batches, batch_size=None)


def class_numbers(categories: Iterable[str]) -> tuple[list[str], Tensor]:
    """Return the classes in alphabetical order, and the number of each clip's class.

    Parameters
    ----------
    categories : iterable of str
        The class of each clip.

    Returns
    -------
    classes : list of str
        Each class once.
    numbers : Tensor of int64, shape (clips,)
        Positions in `classes`.

    Examples
    --------
    >>> class_numbers(["rain", "dog", "rain"])
    (['dog', 'rain'], tensor([1, 0, 1]))
    """
    classes, numbers = np.unique(np.asarray([*categories], str), return_inverse=True)
    return classes.tolist(), torch.from_numpy(numbers.astype(np.int64))
