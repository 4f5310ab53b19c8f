"""One cell of the classification grid, from its bank to its trained network and predictions."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
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
from resound.training.data import ClipData, class_numbers, training_rows
from resound.training.fit import fit
from resound.training.inputs import decibel_step, fit_transform
from resound.training.record import FAILED, new_record

TRAININGS = {"cross_entropy": ClassifierTraining, "supcon": ContrastiveTraining}
HISTORY_COLUMNS = ("epoch", "learning_rate", "train_accuracy", "train_loss")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What a training leaves behind.

    Attributes
    ----------
    network : Classifier or None
        None when training failed.
    record : dict
        What ``model.json`` holds beside the weights.
    history, predictions, confusion : DataFrame
        A row an epoch; a row a test clip with `id, fold, category, predicted` and a logit a class,
        ``logit:dog``; and how often each class (row) was taken for each (column).
    """

    network: Classifier | None
    record: dict[str, Any]
    history: pd.DataFrame
    predictions: pd.DataFrame
    confusion: pd.DataFrame


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
        record |= {"outcome": FAILED, "reason": str(error)}
        empty = predictions_of(clips.iloc[:0], classes, np.empty((0, len(classes)), np.float32))
        history = pd.DataFrame(columns=list(HISTORY_COLUMNS))
        return Outcome(None, record, history, empty, confusion_of(empty, classes))


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
    training, validation = training_rows(clips, query_folds, spec["selection"])
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
    predictions = predictions_of(
        clips.iloc[test], classes, trained.classify(trained.embed(x[test]))
    )
    history = pd.DataFrame(done.history)
    return Outcome(network, record, history, predictions, confusion_of(predictions, classes))


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


def predictions_of(clips: pd.DataFrame, classes: list[str], logits: Any) -> pd.DataFrame:
    """Return a row a clip: its class, the class predicted, and the logits."""
    frame = clips[["id", "fold", "category"]].reset_index(drop=True)
    frame["predicted"] = np.asarray(classes, object)[logits.argmax(axis=1)] if len(logits) else ""
    return frame.join(pd.DataFrame(logits, columns=[f"logit:{name}" for name in classes]))


def confusion_of(predictions: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Return how often each class was taken for each: a row a class, a column a prediction."""
    counts = pd.crosstab(predictions["category"], predictions["predicted"])
    full = counts.reindex(index=classes, columns=classes, fill_value=0).astype(int)
    return full.rename_axis(index="category", columns=None).reset_index()
