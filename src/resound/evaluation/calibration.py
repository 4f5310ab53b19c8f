"""Calibration tables: how sure the classifiers are, as trained and at a temperature."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.evaluation.classification import by_test_fold
from resound.metrics.calibration import (
    brier_scores,
    calibration_error,
    log_losses,
    temperature,
)
from resound.metrics.intervals import mean_interval

Float64 = npt.NDArray[np.float64]
LOGIT = "logit:"
# What is told of each clip, with the metric; the calibration error is told of all together.
OF_CLIPS = {"nll": log_losses, "brier": brier_scores}
METRICS = (*OF_CLIPS, "ece")
SCALED = "_scaled"
TEMPERATURE = "temperature"


class Predicted(NamedTuple):
    """What a training predicted.

    Attributes
    ----------
    split, seed : str
        Its own.
    tested : DataFrame
        Its predictions of the test clips, with ``src_file``.
    choosing : DataFrame
        Those of the clips that chose, made without them; no rows where none did.
    """

    split: str
    seed: str
    tested: pd.DataFrame
    choosing: pd.DataFrame

    @property
    def temperature(self) -> float:
        """The temperature of the clips that chose; NaN where none did."""
        return temperature(*logits_of(self.choosing)) if len(self.choosing) else np.nan


def calibration_rows(
    trained: Mapping[tuple[str, ...], Sequence[Predicted]],
    query_folds: Mapping[str, Sequence[int]],
    *,
    protocol: str,
    options: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return the rows of the table: one a network, feature and test fold, one for all folds.

    The temperature of a training is fitted on the fold that chose its epoch, or its point of a
    grid, by what was trained without that fold; the test clips decide nothing.

    Parameters
    ----------
    trained : mapping of (network, feature, setting) to sequence of Predicted
        The trainings of each row that have predictions.
    query_folds : mapping
        The test folds by split.
    protocol : str
        What divides the clips.
    options : mapping
        ``level`` of the intervals.

    Returns
    -------
    list of dict
        What names the row, ``n_clips, accuracy, temperature`` (the mean over trainings), the mean
        ``nll`` in nats and ``brier`` with ``_low`` and ``_high``, ``ece``, and all of these with
        ``_scaled`` at the temperature; NaN where nothing chose.
    """
    rows = []
    for (network, feature, setting), trainings in trained.items():
        about = {"network": network, "feature": feature, "setting": setting, "protocol": protocol}
        for fold, part in by_test_fold(trainings, query_folds):
            rows.append(about | {"test_fold": fold} | _row(part, options))
    return rows


def _row(trainings: Sequence[Predicted], options: Mapping[str, Any]) -> dict[str, Any]:
    temperatures = [training.temperature for training in trainings]
    ones = np.ones(len(trainings))
    told = _told(trainings, ones, "", options) | _told(trainings, temperatures, SCALED, options)
    right = [part["predicted"] == part["category"] for part in (of.tested for of in trainings)]
    return {
        "n_clips": len({clip for of in trainings for clip in of.tested["id"]}),
        "accuracy": float(np.mean(np.concatenate(right))),
        TEMPERATURE: float(np.mean(temperatures)),
        **told,
    }


def _told(
    trainings: Sequence[Predicted],
    temperatures: Sequence[float] | Float64,
    suffix: str,
    options: Mapping[str, Any],
) -> dict[str, float]:
    """Return the metrics at a temperature a training."""
    ends = ("", "_low", "_high")
    if not np.isfinite(temperatures).all():
        names = [f"{metric}{suffix}{end}" for metric in OF_CLIPS for end in ends]
        return dict.fromkeys([*names, f"ece{suffix}"], np.nan)
    found = [_scored(of, t) for of, t in zip(trainings, temperatures, strict=True)]
    told = _of_clips(pd.concat([frame for frame, _ in found]), suffix, options)
    # The error of a seed is that of all its folds together.
    by_seed: dict[str, list[tuple[Float64, npt.NDArray[Any]]]] = {}
    for of, (_, scaled) in zip(trainings, found, strict=True):
        by_seed.setdefault(of.seed, []).append(scaled)
    errors = [
        calibration_error(np.concatenate(z), np.concatenate(y))
        for z, y in (zip(*parts, strict=True) for parts in by_seed.values())
    ]
    return {**told, f"ece{suffix}": float(np.mean(errors))}


def _scored(of: Predicted, t: float) -> tuple[pd.DataFrame, tuple[Float64, npt.NDArray[Any]]]:
    """Return the metrics of each test clip at a temperature, and its logits then and class."""
    z, y = logits_of(of.tested)
    about = of.tested[["id", "category", "src_file"]].assign(seed=of.seed)
    scores = {metric: score(z / t, y) for metric, score in OF_CLIPS.items()}
    return about.assign(**scores), (z / t, y)


def _of_clips(every: pd.DataFrame, suffix: str, options: Mapping[str, Any]) -> dict[str, float]:
    """Average over clips, each the mean of its seeds."""
    metrics = [*OF_CLIPS]
    clips = every.groupby(["id", "category", "src_file"], as_index=False)[metrics].mean()
    by_seed = every.groupby("seed")[metrics]
    whole = by_seed.size() == len(clips)
    low, high = mean_interval(
        clips[metrics].to_numpy(),
        clips["category"].to_numpy(str),
        clips["src_file"].to_numpy(str),
        level=options["level"],
        shares=False,
        seed_means=by_seed.mean()[whole].to_numpy(),
    )
    told: dict[str, float] = {}
    for place, metric in enumerate(metrics):
        values = {"": clips[metric].mean(), "_low": max(low[place], 0.0), "_high": high[place]}
        told |= {f"{metric}{suffix}{end}": float(value) for end, value in values.items()}
    return told


def logits_of(predictions: pd.DataFrame) -> tuple[Float64, npt.NDArray[np.intp]]:
    """Return the logits (clips, classes) of predictions, and the number of each clip's class.

    Examples
    --------
    >>> about = {"category": ["rain"], "logit:dog": [1.0], "logit:rain": [2.0]}
    >>> logits_of(pd.DataFrame(about))
    (array([[1., 2.]]), array([1]))
    """
    columns = [column for column in map(str, predictions) if column.startswith(LOGIT)]
    classes = pd.Index([column.removeprefix(LOGIT) for column in columns])
    y = classes.get_indexer(pd.Index(predictions["category"]))
    return predictions[columns].to_numpy(np.float64), y


def with_recordings(predictions: pd.DataFrame, clips: pd.DataFrame) -> pd.DataFrame:
    """Return predictions with the recording of each clip, ``src_file``."""
    sources = clips.set_index("id")["src_file"]
    return predictions.assign(src_file=sources.loc[predictions["id"]].to_numpy())


def predicted_of(
    rows: Sequence[Sequence[str]],
    tested: Sequence[pd.DataFrame],
    choosing: Mapping[tuple[str, ...], pd.DataFrame],
    clips: pd.DataFrame,
) -> dict[tuple[str, ...], list[Predicted]]:
    """Return what the trainings of each row of the table predicted; none of one that failed.

    Parameters
    ----------
    rows : sequence of (network, feature, setting, split, seed)
        The trainings.
    tested : sequence of DataFrame
        Their predictions of the test clips.
    choosing : mapping
        Those of the clips that chose, by training, where any could.
    clips : DataFrame
        The index.
    """
    found: dict[tuple[str, ...], list[Predicted]] = {}
    for row, predictions in zip(rows, tested, strict=True):
        if len(predictions):
            *key, split, seed = row
            chose = choosing.get(tuple(row), predictions.iloc[:0])
            of = Predicted(split, seed, with_recordings(predictions, clips), chose)
            found.setdefault(tuple(key), []).append(of)
    return found
