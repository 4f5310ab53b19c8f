"""Classification tables: from the scores of trained networks to rows with intervals."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import pandas as pd

from resound.experiment.coordinates import ALL_CLIPS
from resound.metrics.classification import macro_f1
from resound.metrics.intervals import mean_interval

ABSENT = "no result yet: not run, or stopped early; see its log, then run the same command again"


class OfSplit(Protocol):
    """What was made on a split."""

    @property
    def split(self) -> str:
        """The name of the split."""


Made = TypeVar("Made", bound=OfSplit)


class Trial(NamedTuple):
    """One training of a row: its split and seed, its record and its scores, if it has them."""

    split: str
    seed: str
    record: Mapping[str, Any] | None
    scores: pd.DataFrame | None

    @property
    def missing(self) -> str:
        """Why it has no scores; empty when it has."""
        if self.record is None:
            return ABSENT
        return str(self.record.get("reason", ""))


def classification_rows(
    cells: Sequence[Sequence[str]],
    results: Mapping[tuple[str, ...], tuple[Mapping[str, Any], pd.DataFrame]],
    query_folds: Mapping[str, Sequence[int]],
    *,
    protocol: str,
    options: Mapping[str, Any],
    absent: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of the table: one a network, feature and test fold, one for all folds.

    Parameters
    ----------
    cells : sequence of (network, feature, setting, split, seed)
        All that were asked for.
    results : mapping
        Record and scores of those that are there, by cell.
    query_folds : mapping
        The test folds by split.
    options : mapping
        ``level`` of the interval.
    absent : mapping, optional
        Why networks that were asked for cannot be had.

    Returns
    -------
    list of dict
        ``accuracy`` and ``macro_f1`` from 0 to 1, ``accuracy_low, accuracy_high`` of its
        interval, how far seeds and folds differ, how the networks were trained, and what is
        missing.
    """
    reasons = {name: {"reason": reason} for name, reason in (absent or {}).items()}
    grouped: dict[tuple[str, ...], list[Trial]] = {}
    for *key, split, seed in cells:
        record, scores = results.get((*key, split, seed), (reasons.get(key[0]), None))
        grouped.setdefault(tuple(key), []).append(Trial(split, seed, record, scores))
    rows = []
    for (network, feature, setting), trials in grouped.items():
        about = {"network": network, "feature": feature, "setting": setting, "protocol": protocol}
        for fold, part in by_test_fold(trials, query_folds):
            rows.append(about | {"test_fold": fold} | _row(part, options))
    return rows


def by_test_fold(
    trials: Sequence[Made], query_folds: Mapping[str, Sequence[int]]
) -> Iterator[tuple[str, list[Made]]]:
    """Yield the trials of a row by test fold, then all together where there are several splits.

    Parameters
    ----------
    trials : sequence
        Of all splits and seeds; each knows its ``split``.
    query_folds : mapping
        The test folds by split.
    """
    by_split = {trial.split: [t for t in trials if t.split == trial.split] for trial in trials}
    for split, part in by_split.items():
        yield "+".join(map(str, query_folds[split])) or ALL_CLIPS, part
    if len(by_split) > 1 and ALL_CLIPS not in by_split:
        yield ALL_CLIPS, list(trials)


def _row(trials: Sequence[Trial], options: Mapping[str, Any]) -> dict[str, Any]:
    trained = [trial for trial in trials if trial.scores is not None and not trial.missing]
    missing = {f"{t.split} seed {t.seed}: {t.missing}": None for t in trials if t.missing}
    about = _about([trial.record or {} for trial in trained])
    return {**_scores(trained, options), **about, "missing": "; ".join(missing)}


def _scores(trained: Sequence[Trial], options: Mapping[str, Any]) -> dict[str, Any]:
    """Average over clips, each the mean of its seeds, and say how far seeds and folds differ."""
    if not trained:
        nothing = ("accuracy", "accuracy_low", "accuracy_high", "macro_f1")
        return {"n_clips": 0, "n_trainings": 0, **dict.fromkeys(nothing, np.nan), **_spreads(None)}
    frames = [t.scores.assign(split=t.split, seed=t.seed) for t in trained if t.scores is not None]
    every = pd.concat(frames)
    clips = every.groupby(["clip", "category", "src_file"], as_index=False)["accuracy"].mean()
    by_seed = every.groupby("seed")["accuracy"]
    low, high = mean_interval(
        clips["accuracy"].to_numpy(),
        clips["category"].to_numpy(str),
        clips["src_file"].to_numpy(str),
        level=options["level"],
        seed_means=by_seed.mean()[by_seed.size() == len(clips)].to_numpy(),
    )
    f1 = [
        macro_f1(part["category"].to_numpy(str), part["predicted"].to_numpy(str))
        for _, part in every.groupby("seed")
    ]
    return {
        "n_clips": len(clips),
        "n_trainings": len(trained),
        "accuracy": float(clips["accuracy"].mean()),
        "accuracy_low": float(low),
        "accuracy_high": float(high),
        "macro_f1": float(np.mean(f1)),
        **_spreads(every),
    }


def _spreads(scores: pd.DataFrame | None) -> dict[str, float]:
    """Return the standard deviation of the accuracy over seeds and over folds, NaN over one."""
    spreads = {}
    for axis, column in (("seeds", "seed"), ("folds", "split")):
        by_one = (
            pd.Series(dtype=float) if scores is None else scores.groupby(column)["accuracy"].mean()
        )
        spreads[f"accuracy_std_{axis}"] = float(by_one.std(ddof=1))
    return spreads


def _about(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how the networks of a row were trained."""
    if not records:
        none = ("head", "selection", "chosen_on", "epochs", "parameters", "train_seconds", "device")
        return dict.fromkeys(none)
    spec, trained = records[0]["spec"], [record["training"] for record in records]
    chose = {fold for record in records for fold in record.get("chosen_on", ())}
    head = spec.get("head")
    return {
        # What is learned on an encoder: by the kind of its probe, or by the name of its block.
        "head": head["name"] if isinstance(head, dict) else head,
        # Zero-shot classes and probes have no epochs to choose from.
        "selection": spec.get("selection"),
        "chosen_on": ", ".join(map(str, sorted(chose))),
        # Of a recipe in steps, how many epochs these came to.
        "epochs": trained[0]["epoch"] if spec.get("steps") else spec.get("epochs"),
        "parameters": trained[0]["parameters"],
        "train_seconds": float(np.mean([training["seconds"] for training in trained])),
        "device": ", ".join(sorted({training["device"] for training in trained})),
    }
