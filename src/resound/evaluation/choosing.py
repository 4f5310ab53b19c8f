"""Choices within the gallery: of several candidates the one that its own folds find most by."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound import store
from resound.errors import DataError, StoreError
from resound.evaluation.ranking import RankingTask
from resound.evaluation.scoring import score_queries
from resound.jobs.progress import track

Spec = Mapping[str, Any]
# Scores of the queries of one fold of the gallery by the candidate at a place.
Scored = Callable[[int, int], pd.DataFrame]

CHOICE = ("within", "methods", "gallery")
MEAN = "mean"


def choose_by_folds(
    spec: Spec,
    described: Sequence[Mapping[str, Any]],
    scored: Scored,
    folds: Sequence[int],
    *,
    what: str,
    choice: store.AnyPath,
    curve: store.AnyPath,
) -> None:
    """Choose one of several candidates by the folds of the gallery, each asking the others.

    Parameters
    ----------
    spec : mapping
        As `resound.experiment.specs.choice` makes it.
    described : sequence of mapping
        What tells each candidate from the others, of plain built-ins.
    scored : callable
        Takes the place of a candidate and a fold; returns the scores of the clips of this fold,
        which ask those of the other folds, as `resound.evaluation.scoring.score_queries` does.
        It is not called where there is one candidate.
    folds : sequence of int
        Of the gallery.
    what : str
        What the candidates are, for the error.
    choice : path
        What is chosen, as JSON: the candidate with the largest mean of ``chosen_by`` over all
        queries, of equal ones the first.
    curve : path
        A row for each candidate, with what it reached in each fold and on the mean of all queries.

    Raises
    ------
    DataError
        When there is more than one candidate, and the gallery has no two folds.
    """
    metric, several = spec["methods"]["chosen_by"], len(described) > 1
    if several and (len(folds) < 2 or not spec["gallery"]["query_folds"]):
        raise DataError(
            f"{len(described)} {what} can be chosen from only where the gallery has two "
            "folds or more, none of which is asked about; name one value of each key instead"
        )
    rows = []
    for place, named in enumerate(track(described if several else [], "candidates")):
        scores = pd.concat(scored(place, fold).assign(fold=fold) for fold in folds)
        by_fold = scores.groupby("fold")[metric].mean()
        of_folds = {f"fold{fold}": float(by_fold[fold]) for fold in folds}
        rows.append({**named, **of_folds, MEAN: float(scores[metric].mean())})
    best = int(np.argmax([row[MEAN] for row in rows])) if rows else 0
    columns = [*described[0], *(f"fold{fold}" for fold in folds), MEAN]
    store.write_csv(pd.DataFrame(rows, columns=columns), curve)
    chosen = {
        "chosen": described[best],
        "place": best,
        "of": len(described),
        "by": metric,
        "reached": rows[best][MEAN] if rows else None,
        "spec": spec,
    }
    store.write_text(choice, json.dumps(chosen, indent=1) + "\n")


def task_within(gallery: pd.DataFrame, fold: int, metric: str) -> RankingTask:
    """Return what the gallery's clips of a `fold` ask those of the others, as deep as `metric`."""
    asks = (gallery["fold"] == fold).to_numpy()
    depth = int(metric.rpartition("@")[2])
    return RankingTask(gallery[asks], gallery[~asks], [depth], recordings_apart=False)


def scores_within(
    gallery: pd.DataFrame, fold: int, distances: npt.NDArray[np.floating], metric: str
) -> pd.DataFrame:
    """Return the scores of the gallery's clips of one fold, which ask those of the others.

    Parameters
    ----------
    gallery : DataFrame
        Rows of the index, with ``id, fold, category, src_file``.
    fold : int
        That asks.
    distances : ndarray, shape (n_asking, n_answering)
        Of the clips of the fold to those of the others, both in the order of `gallery`.
    metric : str
        Such as ``mrr@10``: how deep is looked.

    Returns
    -------
    DataFrame
        As `resound.evaluation.scoring.score_queries` returns it.
    """
    task = task_within(gallery, fold, metric)
    return score_queries(task.table(task.rank(distances)), gallery, top_k=task.top_k)


def chosen_place(path: store.AnyPath, distances: Spec) -> int:
    """Return the place of the chosen candidate.

    Parameters
    ----------
    path : path
        As `choose_by_folds` has written it.
    distances : mapping
        As `resound.experiment.specs.distances` makes it of what combines several distances.

    Raises
    ------
    StoreError
        When something else was chosen there.
    """
    told = json.loads(Path(path).read_text(encoding="utf-8"))
    if told["spec"] != {key: distances[key] for key in CHOICE}:
        raise StoreError(f"{path}: was chosen for another ranking; {store.AGAIN}")
    place: int = told["place"]
    return place
