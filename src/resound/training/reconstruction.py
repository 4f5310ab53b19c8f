"""Training of an autoencoder on a feature, without any label: from its bank to its network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from resound import store
from resound.data.index import read_clips
from resound.errors import TrainingError
from resound.registry import AUTOENCODERS
from resound.store import AnyPath, StoredArray
from resound.training.callbacks import EpochHook
from resound.training.checkpoint import describe
from resound.training.folds import Rows, rows_outside
from resound.training.inputs import fit_transform
from resound.training.module import NetworkTraining
from resound.training.outcome import Outcome
from resound.training.record import failed
from resound.training.run import Begun, Division, Task, train

HISTORY_COLUMNS = ("epoch", "learning_rate", "train_loss")


class ReconstructionTraining(NetworkTraining):
    """Trains an autoencoder by the mean squared error of its reconstruction.

    The input has variance 1 in every dim: an error of 1 is that of the mean.
    """

    block = "autoencoder"

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Return the loss of one batch.

        Parameters
        ----------
        batch : (x, y)
            Inputs (batch, frames, dims); no targets are read.
        index : int
            Of the batch in its epoch.

        Returns
        -------
        Tensor, a scalar
            In variances of a dim.

        Raises
        ------
        TrainingError
            When it is NaN or infinite.
        """
        x, _ = batch
        self.seeded(index)
        loss = self.finite(mse_loss(self(x).float(), x))
        values = {"train_loss": loss.detach()}
        self.log_dict(values, on_step=False, on_epoch=True, batch_size=len(x))
        return loss


class ReconstructionTask(Task):
    """An autoencoder of a feature, on all folds but those of the queries.

    Parameters
    ----------
    bank : StoredArray
        A feature of all clips.
    clips : DataFrame
        The index, of which ``fold`` and ``src_file`` are read.
    spec
        As `resound.training.run.Task`.
    """

    rule = "train_autoencoder"

    def __init__(self, bank: StoredArray, clips: pd.DataFrame, spec: Mapping[str, Any]) -> None:
        super().__init__(bank.ids["clips"], clips, spec)
        self.bank = bank

    @classmethod
    def read(
        cls, spec: Mapping[str, Any], *, bank: AnyPath, clips: AnyPath
    ) -> "ReconstructionTask":
        """Return the task of files: a bank and the index."""
        return cls(store.open_array(bank, spec=spec["bank"]), read_clips(clips), spec)

    def rows(self) -> Division:
        """Train on the gallery's clips; no epoch is chosen."""
        query_folds = self.spec["split"]["query_folds"]
        rows = rows_outside(self.clips, query_folds, self.spec["split"]["on_split_recording"])
        if not len(rows):
            raise TrainingError(
                f"all clips lie in the query folds {query_folds}, and none is left to train on; "
                "check the CSV's folds"
            )
        return Division(rows, np.array([], np.intp), rows)

    def begin(self, training: Rows) -> Begun:
        """Build the network, and standardise its inputs by the clips that it trains on.

        Parameters
        ----------
        training : ndarray of int, shape (rows,)
            Rows of the bank whose frames decide mean and variance.

        Raises
        ------
        TrainingError
            Names the first clip with a value that is not finite.
        ParameterError
            When the planes do not divide the dims.
        """
        spec, ids = self.spec, self.bank.ids["clips"]
        transform = fit_transform(self.bank.values, ids, training.tolist(), **spec["input"])
        x = torch.from_numpy(transform.of_bank(self.bank.values, ids))
        torch.manual_seed(spec["seed"])
        planes = spec["input"]["n_planes"]
        network = AUTOENCODERS[spec["network"]](x.shape[2], n_planes=planes, **spec["options"])
        module = ReconstructionTraining(network, options=self.options, seed=spec["seed"])
        return Begun(module, x, {"input": transform.as_dict(), "network": describe(network, spec)})

    def outcome(
        self,
        record: dict[str, Any],
        begun: Begun,
        history: pd.DataFrame,
        *,
        choosing: tuple[Rows, Tensor] | None = None,
    ) -> Outcome:
        """Return the network; nothing is tested of it.

        Parameters
        ----------
        record : dict
            Of the training.
        begun : Begun
            Whose network was trained.
        history : DataFrame
            A row an epoch.
        choosing : (rows, answers), optional
            Is not read: its rows (n,) and answers (n, ...) are of no kind here.
        """
        return Outcome(begun.network.cpu().eval(), record, history)

    def failure(self, record: dict[str, Any], error: Exception) -> Outcome:
        """Return the reason, no network and no epoch."""
        return Outcome(None, failed(record, error), pd.DataFrame(columns=list(HISTORY_COLUMNS)))


def train_autoencoder(
    bank: StoredArray,
    clips: pd.DataFrame,
    spec: Mapping[str, Any],
    *,
    resume: Path | None = None,
    on_epoch: EpochHook | None = None,
) -> Outcome:
    """Train one autoencoder: `train` of a `ReconstructionTask`."""
    return train(ReconstructionTask(bank, clips, spec), resume=resume, on_epoch=on_epoch)
