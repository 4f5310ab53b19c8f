"""One autoencoder, from the bank of a feature to a network that codes it, without any label."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from resound.errors import ParameterError, TrainingError
from resound.models.network import Network
from resound.registry import AUTOENCODERS
from resound.store import StoredArray
from resound.training.callbacks import EpochHook
from resound.training.checkpoint import describe
from resound.training.data import ClipData
from resound.training.fit import fit
from resound.training.folds import rows_outside
from resound.training.inputs import fit_transform
from resound.training.module import NetworkTraining
from resound.training.record import FAILED, new_record

HISTORY_COLUMNS = ("epoch", "learning_rate", "train_loss")
log = logging.getLogger(__name__)


class ReconstructionTraining(NetworkTraining):
    """Trains an autoencoder by the mean squared error of its reconstruction.

    The input has variance 1 in every dim: an error of 1 is that of the mean.
    """

    block = "autoencoder"

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Return the loss of one batch."""
        x, _ = batch
        self.seeded(index)
        loss = self.finite(mse_loss(self(x).float(), x))
        values = {"train_loss": loss.detach()}
        self.log_dict(values, on_step=False, on_epoch=True, batch_size=len(x))
        return loss


@dataclass(frozen=True)
class Reconstruction:
    """What the training of an autoencoder leaves behind.

    Attributes
    ----------
    network : Network or None
        None when training failed.
    record : dict
        What ``model.json`` holds beside the weights.
    history : DataFrame
        A row an epoch.
    """

    network: Network | None
    record: dict[str, Any]
    history: pd.DataFrame


def train_autoencoder(
    bank: StoredArray,
    clips: pd.DataFrame,
    spec: Mapping[str, Any],
    *,
    resume: Path | None = None,
    on_epoch: EpochHook | None = None,
) -> Reconstruction:
    """Train one autoencoder on all folds but those of the queries, or record why it cannot be.

    Parameters
    ----------
    bank : StoredArray
        A feature of all clips.
    clips : DataFrame
        The index, of which ``fold`` and ``src_file`` are read.
    spec : mapping
        As `resound.experiment.specs.training` makes it.
    resume : pathlib.Path, optional
        The checkpoint of an interrupted run of this very spec.
    on_epoch : callable, optional
        Is given each epoch's row of the history.
    """
    clips = clips.set_index("id", drop=False).loc[bank.ids["clips"]]
    record = new_record(spec)
    try:
        return _train(bank, clips, record, resume=resume, on_epoch=on_epoch)
    except (TrainingError, ParameterError) as error:
        log.warning("%s on %s: not trained: %s", spec["network"], spec["bank"]["feature"], error)
        record |= {"outcome": FAILED, "reason": str(error)}
        return Reconstruction(None, record, pd.DataFrame(columns=list(HISTORY_COLUMNS)))


def _train(
    bank: StoredArray,
    clips: pd.DataFrame,
    record: dict[str, Any],
    *,
    resume: Path | None,
    on_epoch: EpochHook | None,
) -> Reconstruction:
    spec, ids = record["spec"], bank.ids["clips"]
    query_folds, policy = spec["split"]["query_folds"], spec["split"]["on_split_recording"]
    rows = rows_outside(clips, query_folds, policy)
    if not len(rows):
        raise TrainingError(
            f"all clips lie in the query folds {query_folds}, and none is left to train on; check "
            "the CSV's folds"
        )
    transform = fit_transform(bank.values, ids, rows.tolist(), **spec["input"])
    x = torch.from_numpy(transform.of_bank(bank.values, ids))
    torch.manual_seed(spec["seed"])
    planes = spec["input"]["n_planes"]
    network = AUTOENCODERS[spec["network"]](x.shape[2], n_planes=planes, **spec["options"])
    module = ReconstructionTraining(network, options=spec, seed=spec["seed"])
    batches = {"batch_size": spec["batch_size"], "seed": spec["seed"]}
    data = ClipData(x, torch.zeros(len(x)), rows, np.array([], np.intp), **batches)
    options = {key: spec[key] for key in ("epochs", "accelerator", "precision")}
    done = fit(module, data, **options, resume=resume, on_epoch=on_epoch)
    record |= {
        "folds_seen": np.unique(clips["fold"].to_numpy()[rows]).tolist(),
        "input": transform.as_dict(),
        "network": describe(network, spec),
        "training": done.as_dict(network),
    }
    return Reconstruction(network.cpu().eval(), record, pd.DataFrame(done.history))
