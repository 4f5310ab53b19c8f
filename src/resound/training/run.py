"""One cell of the classification grid, from its bank to its trained network and predictions."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from resound.errors import ParameterError, TrainingError
from resound.models.classifier import Classifier
from resound.registry import NETWORKS
from resound.store import StoredArray
from resound.training.callbacks import EpochHook
from resound.training.checkpoint import TrainedNetwork, describe
from resound.training.classification import ClassifierTraining
from resound.training.contrastive import ContrastiveTraining
from resound.training.data import ClipData, class_numbers
from resound.training.fit import fit
from resound.training.folds import training_rows
from resound.training.inputs import decibel_step, fit_transform
from resound.training.outcome import Outcome, failed_outcome, outcome_of
from resound.training.record import new_record

TRAININGS = {"cross_entropy": ClassifierTraining, "supcon": ContrastiveTraining}
log = logging.getLogger(__name__)


def train_classifier(
    bank: StoredArray,
    clips: pd.DataFrame,
    spec: Mapping[str, Any],
    *,
    weights: Mapping[str, Tensor] | None = None,
    resume: Path | None = None,
    on_epoch: EpochHook | None = None,
) -> Outcome:
    """Train one network, or record why it cannot be trained.

    Features that are not finite, too few frames or dims, a single class and a loss that diverges
    are findings about the cell: they end in an outcome without a network that says so.

    Parameters
    ----------
    bank : StoredArray
        A feature of all clips.
    clips : DataFrame
        The index.
    spec : mapping
        As `resound.specs.Experiment.training` makes it.
    weights : mapping of str to Tensor, optional
        What the network starts from.
    resume : pathlib.Path, optional
        The checkpoint of an interrupted run of this very spec.
    on_epoch : callable, optional
        Is given each epoch's row of the history.
    """
    clips = clips.set_index("id", drop=False).loc[bank.ids["clips"]]
    classes, y = class_numbers(clips["category"])
    record = {**new_record(spec), "classes": classes}
    try:
        return _train(bank, clips, y, record, weights=weights, resume=resume, on_epoch=on_epoch)
    except (TrainingError, ParameterError) as error:
        log.warning("%s on %s: not trained: %s", spec["network"], spec["bank"]["feature"], error)
        return failed_outcome(record, clips, error)


def _train(
    bank: StoredArray,
    clips: pd.DataFrame,
    y: Tensor,
    record: dict[str, Any],
    *,
    weights: Mapping[str, Tensor] | None,
    resume: Path | None,
    on_epoch: EpochHook | None,
) -> Outcome:
    spec, classes = record["spec"], record["classes"]
    query_folds = spec["split"]["query_folds"]
    training, validation = training_rows(clips, selection=spec["selection"], **spec["split"])
    ids = bank.ids["clips"]
    transform = fit_transform(bank.values, ids, training.tolist(), **spec["input"])
    x = transform.of_bank(bank.values, ids)
    network = build_network(spec, x.shape[2], len(classes), weights)
    network.embed(torch.from_numpy(x[:1]))  # says now that a clip is too short, not in a step
    module = TRAININGS[spec["loss"]["name"]](
        network,
        len(classes),
        options=spec,
        augmentation=spec["augmentation"],
        decibel=torch.from_numpy(decibel_step(transform, spec["bank"])),
        seed=spec["seed"],
    )
    batches = {"batch_size": spec["batch_size"], "seed": spec["seed"]}
    data = ClipData(torch.from_numpy(x), y, training, validation, **batches)
    options = {key: spec[key] for key in ("epochs", "accelerator", "precision")}
    done = fit(module, data, **options, resume=resume, on_epoch=on_epoch)
    seen = clips["fold"].to_numpy()[np.union1d(training, validation)]
    record |= {
        "folds_seen": np.unique(seen).tolist(),
        "input": transform.as_dict(),
        "network": describe(network, spec),
        "training": done.as_dict(network, len(training)),
    }
    trained = TrainedNetwork(network.cpu().eval(), transform, record)
    test = np.flatnonzero(clips["fold"].isin(query_folds))
    logits = trained.classify(trained.embed(x[test]))
    history = pd.DataFrame(done.history)
    return outcome_of(record, clips.iloc[test], logits, network=network, history=history)


def build_network(
    spec: Mapping[str, Any], n_dims: int, n_classes: int, weights: Mapping[str, Tensor] | None
) -> Classifier:
    """Return the network of a spec with the parameters that its seed, or `weights`, gives it."""
    torch.manual_seed(spec["seed"])
    start = {} if weights is None else {"weights": weights}
    network: Classifier = NETWORKS[spec["network"]](
        n_dims, n_classes, n_planes=spec["input"]["n_planes"], **spec["options"], **start
    )
    return network
