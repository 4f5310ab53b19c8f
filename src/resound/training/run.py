"""One cell of the classification grid, from its bank to its trained network and predictions."""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

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
from resound.training.fit import Fit, fit
from resound.training.folds import Rows, choosing_folds, rows_outside, training_rows
from resound.training.inputs import Float32, InputTransform, decibel_step, fit_transform
from resound.training.outcome import Outcome, failed_outcome, outcome_of
from resound.training.record import new_record
from resound.training.selection import train_selected

TRAININGS = {"cross_entropy": ClassifierTraining, "supcon": ContrastiveTraining}
log = logging.getLogger(__name__)


class Trained(NamedTuple):
    """What one training makes: a network, how its inputs were made, and those of all clips."""

    network: Classifier
    transform: InputTransform
    x: Float32


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
        As `resound.experiment.specs.training` makes it.
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
    spec, query_folds = record["spec"], record["spec"]["split"]["query_folds"]
    training, validation = training_rows(clips, selection=spec["selection"], **spec["split"])
    every = rows_outside(clips, **spec["split"])
    once = partial(_train_once, bank, y, record, weights)
    hooks: dict[str, Any] = {"resume": resume, "on_epoch": on_epoch}
    (network, transform, x), done = train_selected(once, training, validation, every, spec, **hooks)
    seen = clips["fold"].to_numpy()[np.union1d(training, validation)]
    record |= {
        "folds_seen": np.unique(seen).tolist(),
        "chosen_on": choosing_folds(clips["fold"], query_folds, spec["selection"]),
        "input": transform.as_dict(),
        "network": describe(network, spec),
        "training": done.as_dict(network),
    }
    trained = TrainedNetwork(network.cpu().eval(), transform, record)
    test = np.flatnonzero(clips["fold"].isin(query_folds))
    logits = trained.classify(trained.embed(x[test]))
    history = pd.DataFrame(done.history)
    return outcome_of(record, clips.iloc[test], logits, network=network, history=history)


def _train_once(
    bank: StoredArray,
    y: Tensor,
    record: Mapping[str, Any],
    weights: Mapping[str, Tensor] | None,
    training: Rows,
    validation: Rows,
    **stretch: Any,
) -> tuple[Trained, Fit]:
    """Train a network from its beginning, on inputs standardised by the clips that it trains on."""
    spec, n_classes, ids = record["spec"], len(record["classes"]), bank.ids["clips"]
    transform = fit_transform(bank.values, ids, training.tolist(), **spec["input"])
    x = transform.of_bank(bank.values, ids)
    network = build_network(spec, x.shape[2], n_classes, weights)
    network.embed(torch.from_numpy(x[:1]))  # says now that a clip is too short, not in a step
    module = TRAININGS[spec["loss"]["name"]](
        network,
        n_classes,
        options=spec,
        augmentation=spec["augmentation"],
        decibel=torch.from_numpy(decibel_step(transform, spec["bank"])),
        seed=spec["seed"],
    )
    batches = {"batch_size": spec["batch_size"], "seed": spec["seed"]}
    data = ClipData(torch.from_numpy(x), y, training, validation, **batches)
    options = {key: spec[key] for key in ("accelerator", "precision")}
    return Trained(network, transform, x), fit(module, data, **options, **stretch)


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
