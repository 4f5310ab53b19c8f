"""The outcome of all that classifies clips: its record, and its predictions of test clips."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound import store
from resound.training.record import failed, write_record

if TYPE_CHECKING:  # what only scores clips needs no torch
    from torch import nn

HISTORY_COLUMNS = ("epoch", "learning_rate", "train_accuracy", "train_loss")


@dataclass(frozen=True)
class Outcome:
    """All that a training leaves behind, or what is left of one that could not be.

    Attributes
    ----------
    network : Module or None
        None when training failed, or where no network was trained.
    record : dict
        What ``model.json`` holds.
    history : DataFrame
        A row an epoch.
    predictions, confusion : DataFrame or None
        A row a test clip with `id, fold, category, predicted` and a logit a class, ``logit:dog``;
        and how often each class (row) was taken for each (column). None where nothing is tested.
    choosing : DataFrame or None
        The predictions of the clips that chose, by what was trained without them; no rows where no
        clips chose, None where nothing is tested.
    """

    network: "nn.Module | None"
    record: dict[str, Any]
    history: pd.DataFrame
    predictions: pd.DataFrame | None = None
    confusion: pd.DataFrame | None = None
    choosing: pd.DataFrame | None = None

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables that there are, by name."""
        names = ("history", "predictions", "confusion", "choosing")
        tables = {name: getattr(self, name) for name in names}
        return {name: table for name, table in tables.items() if table is not None}


def outcome_of(
    record: dict[str, Any],
    clips: pd.DataFrame,
    logits: npt.NDArray[Any],
    *,
    network: "nn.Module | None" = None,
    history: pd.DataFrame | None = None,
    choosing: pd.DataFrame | None = None,
) -> Outcome:
    """Return the outcome of what gives `logits` (clips, classes) to `clips`.

    They are cut to those of the test folds of ``record["spec"]["split"]``; without such folds, all
    clips are tested. `choosing` are the predictions of the clips that chose.
    """
    folds, classes = record["spec"]["split"]["query_folds"], record["classes"]
    test = clips["fold"].isin(folds).to_numpy() if folds else np.ones(len(clips), bool)
    predictions = predictions_of(clips[test], classes, logits[test])
    rows = pd.DataFrame(columns=list(HISTORY_COLUMNS)) if history is None else history
    chose = predictions.iloc[:0] if choosing is None else choosing
    return Outcome(network, record, rows, predictions, confusion_of(predictions, classes), chose)


def failed_outcome(record: Mapping[str, Any], clips: pd.DataFrame, error: Exception) -> Outcome:
    """Return the outcome of a training that could not be: its reason, and no predictions."""
    nothing = np.empty((0, len(record["classes"])), np.float32)
    return outcome_of(failed(record, error), clips.iloc[:0], nothing)


def write_tables(outcome: Outcome, files: Mapping[str, store.AnyPath]) -> None:
    """Write those of the tables that have a file."""
    for name, table in outcome.tables().items():
        if name in files:
            store.write_csv(table, files[name])


def write_outcome(outcome: Outcome, files: Mapping[str, store.AnyPath]) -> None:
    """Write tables and record of what trains no network; the record has the key ``model``."""
    write_tables(outcome, files)
    write_record(outcome.record, files["model"])


def predictions_of(
    clips: pd.DataFrame, classes: list[str], logits: npt.NDArray[Any]
) -> pd.DataFrame:
    """Return a row a clip: its class, the class predicted, and the logits.

    Parameters
    ----------
    clips : DataFrame
        Of which ``id, fold, category`` are read.
    classes : list of str
        The classes, in the order of the logits.
    logits : ndarray, shape (clips, classes)
        The largest of a clip predicts its class, the first of equals.

    Returns
    -------
    DataFrame
        As `Outcome.predictions`.

    Examples
    --------
    >>> clips = pd.DataFrame({"id": ["a", "b"], "fold": 5, "category": ["dog", "rain"]})
    >>> predictions = predictions_of(clips, ["dog", "rain"], np.array([[2.0, 1.0], [0.5, 0.0]]))
    >>> predictions
      id  fold category predicted  logit:dog  logit:rain
    0  a     5      dog       dog        2.0         1.0
    1  b     5     rain       dog        0.5         0.0
    >>> confusion_of(predictions, ["dog", "rain"])
      category  dog  rain
    0      dog    1     0
    1     rain    1     0
    """
    frame = clips[["id", "fold", "category"]].reset_index(drop=True)
    frame["predicted"] = np.asarray(classes, object)[logits.argmax(axis=1)] if len(logits) else ""
    return frame.join(pd.DataFrame(logits, columns=[f"logit:{name}" for name in classes]))


def confusion_of(predictions: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Return how often each class was taken for each: a row a class, a column a prediction."""
    counts = pd.crosstab(predictions["category"], predictions["predicted"])
    full = counts.reindex(index=classes, columns=classes, fill_value=0).astype(int)
    return full.rename_axis(index="category", columns=None).reset_index()


def untrained(record: Mapping[str, Any], n_clips: int, n_numbers: int) -> dict[str, Any]:
    """Return a record with what a table tells of a training, for what no epochs were spent on."""
    told = {"clips": n_clips, "parameters": n_numbers, "seconds": 0.0, "device": "cpu"}
    return {**record, "network": {"name": record["spec"]["network"]}, "training": told}
