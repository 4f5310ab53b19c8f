"""Probes: simple classifiers on fixed embeddings, to see what a pretrained encoder knows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from resound import store
from resound.data.index import read_clips
from resound.errors import TrainingError, check_choice
from resound.training.folds import choosing_folds, rows_outside, training_rows
from resound.training.outcome import (
    failed_outcome,
    outcome_of,
    predictions_of,
    untrained,
    write_outcome,
)
from resound.training.record import new_record

Rows = npt.NDArray[np.intp]
Float32 = npt.NDArray[np.float32]
MAX_ITERATIONS = 5000
CHOICE_COLUMNS = ("value", "validation_accuracy", "chosen")


@dataclass(frozen=True)
class Probed:
    """What a probe came to.

    Attributes
    ----------
    chosen : float
        The point of the grid with the highest accuracy on the validation clips, the first of
        equals.
    accuracies : dict of float to float
        That accuracy for each point of the grid.
    logits : ndarray, shape (clips, classes)
        Logarithms of the class probabilities of all clips, once the chosen probe has been fitted
        on every clip that it may.
    choosing : ndarray, shape (n_validation, classes)
        The same of the validation clips, by the chosen probe as fitted on the training clips.
    n_numbers : int
        Numbers that were learned; of nearest neighbours, those that are kept.
    """

    chosen: float
    accuracies: dict[float, float]
    logits: Float32
    choosing: Float32
    n_numbers: int


def probe_clips(
    spec: Mapping[str, Any],
    *,
    bank: store.AnyPath,
    clips: store.AnyPath,
    files: Mapping[str, store.AnyPath],
) -> None:
    """Classify stored embeddings, or record why they cannot be.

    Parameters
    ----------
    spec : mapping
        ``frozen, head, grid, split``: as `resound.experiment.encodings.Encodings.training` makes
        it.
    bank, clips : path
        The embeddings of all clips, and the index.
    files : mapping of str to path
        Where ``model, predictions, confusion, choosing, choice`` go.
    """
    embedded = store.open_array(bank, spec=spec["frozen"])
    index = read_clips(clips).set_index("id", drop=False).loc[embedded.ids["clips"]]
    y, classes = pd.factorize(index["category"], sort=True)
    record, choice = {**new_record(spec), "classes": list(classes)}, []
    try:
        rows = training_rows(index, selection="validation", **spec["split"])
        every = rows_outside(index, **spec["split"])
        probed = probe(spec["head"], embedded.values[:, 0], y, *rows, spec["grid"], every=every)
        choice, folds = choice_rows(probed), index["fold"]
        record |= {
            "folds_seen": sorted(set(folds.iloc[every].tolist())),
            "chosen_on": choosing_folds(folds, spec["split"]["query_folds"], "validation"),
        }
        record = untrained(record, len(every), probed.n_numbers)
        chose = predictions_of(index.iloc[rows[1]], list(classes), probed.choosing)
        outcome = outcome_of(record, index, probed.logits, choosing=chose)
    except TrainingError as error:
        outcome = failed_outcome(record, index, error)
    store.write_csv(pd.DataFrame(choice, columns=list(CHOICE_COLUMNS)), files["choice"])
    write_outcome(outcome, files)


def probe(
    head: str,
    embeddings: npt.NDArray[np.float32],
    y: npt.NDArray[np.int64],
    training: Rows,
    validation: Rows,
    grid: Sequence[float],
    *,
    every: Rows | None = None,
) -> Probed:
    """Fit a probe for each point of a grid, choose one, and fit that one on all that may be seen.

    Parameters
    ----------
    head : {"linear", "knn"}
        Logistic regression on standardised embeddings, whose grid is its C; or the vote of the
        nearest neighbours by cosine distance, whose grid is their number.
    embeddings : ndarray, shape (clips, d)
        Of all clips, float32.
    y : ndarray, shape (clips,)
        Class numbers, from 0.
    training, validation : ndarray of int, shapes (n_training,) and (n_validation,)
        Rows to fit on, and rows that choose; all others are only classified.
    grid : sequence of float
        From the strongest regularisation, or the fewest neighbours, on.
    every : ndarray of int, shape (n_every,), optional
        Rows to fit the chosen one on; training and validation together where none are named.

    Returns
    -------
    Probed
        The point chosen, the accuracies, from 0 to 1, and the logits of all clips.

    Raises
    ------
    TrainingError
        When nothing can choose, or there are fewer training clips than neighbours.

    Examples
    --------
    Clips of two classes in two directions, of which the last two are only classified:

    >>> embeddings = np.array([[1, 0], [0, 1]] * 4, dtype=np.float32)
    >>> y = np.array([0, 1] * 4)
    >>> probed = probe("knn", embeddings, y, np.arange(4), np.array([4, 5]), [1, 2])
    >>> probed.chosen, probed.accuracies, probed.logits[6:].argmax(axis=1)
    (1, {1: 1.0, 2: 1.0}, array([0, 1]))
    """
    check_choice("head", head, PROBES)
    if not len(validation):
        raise TrainingError(
            "no fold is left on which to choose from the grid; a probe needs two folds besides the "
            "test fold"
        )
    usable = [point for point in grid if head != "knn" or point <= len(training)]
    if not usable:
        raise TrainingError(
            f"neighbours: {list(grid)} are all more than the {len(training)} training clips; "
            "lower one of them"
        )
    tried = {
        point: fitted_probe(head, point, embeddings[training], y[training]) for point in usable
    }
    accuracies = {
        point: float(fitted.score(embeddings[validation], y[validation]))
        for point, fitted in tried.items()
    }
    chosen, n_classes = max(usable, key=accuracies.__getitem__), int(y.max()) + 1
    seen = np.union1d(training, validation) if every is None else every
    fitted = fitted_probe(head, chosen, embeddings[seen], y[seen])
    return Probed(
        chosen,
        accuracies,
        probe_logits(fitted, embeddings, n_classes),
        probe_logits(tried[chosen], embeddings[validation], n_classes),
        _numbers(fitted, len(seen), embeddings.shape[1]),
    )


def fitted_probe(head: str, point: float, embeddings: Float32, y: npt.NDArray[np.int64]) -> Any:
    """Return a probe at a point of the grid, fitted.

    Parameters
    ----------
    head : {"linear", "knn"}
        Its kind.
    point : float
        C, or how many neighbours.
    embeddings : ndarray, shape (clips, d)
        Of the clips that it is fitted on.
    y : ndarray of int, shape (clips,)
        Their class numbers.
    """
    return PROBES[head](point).fit(embeddings, y)


def probe_logits(fitted: Any, embeddings: Float32, n_classes: int) -> Float32:
    """Return the logarithms of the class probabilities; that of a class not seen is the smallest.

    Parameters
    ----------
    fitted : classifier
        As `fitted_probe` returns it.
    embeddings : ndarray, shape (clips, d)
        Of the clips that ask.
    n_classes : int
        Classes, of which it may not have seen all.

    Returns
    -------
    ndarray, shape (clips, classes)
    """
    probabilities = np.zeros((len(embeddings), n_classes))
    probabilities[:, fitted.classes_] = fitted.predict_proba(embeddings)
    logits = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
    return logits.astype(np.float32)


def choice_rows(probed: Probed) -> list[Mapping[str, float]]:
    """Return a row a point of the grid: its value, its accuracy, 1 where it was chosen."""
    return [
        {"value": value, "validation_accuracy": accuracy, "chosen": int(value == probed.chosen)}
        for value, accuracy in probed.accuracies.items()
    ]


def _linear(c: float) -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=MAX_ITERATIONS))


def _knn(k: float) -> Any:
    return KNeighborsClassifier(int(k), metric="cosine", algorithm="brute")


PROBES: dict[str, Callable[[float], Any]] = {"linear": _linear, "knn": _knn}


def _numbers(fitted: Any, n_seen: int, dimension: int) -> int:
    if isinstance(fitted, KNeighborsClassifier):
        return n_seen * dimension
    last = fitted[-1]
    return int(last.coef_.size + last.intercept_.size)
