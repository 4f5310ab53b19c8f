"""Classification table: our accuracy with intervals, the study's beside it."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from resound.data.index import read_clips
from resound.evaluation.classification import classification_rows
from resound.evaluation.predictions import read_clip_scores
from resound.experiment.coordinates import ALL_CLIPS
from resound.registry import TABLES
from resound.report import encoders, published, tables
from resound.report.made import Files, Spec, Table
from resound.report.recordings import recording_notes
from resound.report.starts import started_from
from resound.training.record import read_record

MARK = "*"


def classification_table(
    rows: Iterable[Mapping[str, Any]], dataset: str, starts: Mapping[str, str]
) -> pd.DataFrame:
    """Set the rows of the classification table beside the study's accuracy.

    Parameters
    ----------
    rows : iterable of mapping
        As `resound.evaluation.classification.classification_rows` makes them.
    dataset : str
        What they are about.
    starts : mapping
        By network what it started from: ``random``, or the digest of its weights.

    Returns
    -------
    DataFrame
        The columns of `rows`, then ``started_from``; of the study's data
        ``published_accuracy``, ours minus it as ``difference_accuracy``, and ``published_note``,
        which says in what our method and protocol differ from the study's.
    """
    full = []
    for row in rows:
        named = {**row, "started_from": started_from(starts[row["network"]])}
        if not published.stands_beside(dataset):
            full.append(named)
            continue
        study, note = published.accuracy_beside(named)
        difference = None if study is None else row["accuracy"] - study
        beside = {"published_accuracy": study, "difference_accuracy": difference}
        full.append({**named, **beside, "published_note": note})
    return pd.DataFrame(full)


def shown_classification(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what a reader compares; a number that saw the test fold carries a mark.

    Bold marks the best value among rows tested on the same fold.
    """
    shown = frame[["network", "feature", "setting", "test_fold"]].copy()
    rows = frame.to_dict("records")
    best = {m: tables.best_of(frame, m, "test_fold") for m in ("accuracy", "macro_f1")}
    shown["accuracy"] = [_accuracy(*row) for row in zip(rows, best["accuracy"], strict=True)]
    shown["macro F1"] = [
        _number(row, "macro_f1", is_best) + _mark(row)
        for row, is_best in zip(rows, best["macro_f1"], strict=True)
    ]
    for axis in ("seeds", "folds"):
        shown[f"spread over {axis}"] = [_number(row, f"accuracy_std_{axis}") for row in rows]
    if frame["head"].notna().any():
        shown["head"] = [_whole(row["head"]) for row in rows]
    shown["selection"] = [_selection(row) for row in rows]
    for column in ("epochs", "parameters", "started_from", "device"):
        shown[column] = [_whole(row[column]) for row in rows]
    shown["seconds"] = [
        _whole(round(r["train_seconds"], 1) if r["n_trainings"] else None) for r in rows
    ]
    return shown


def _accuracy(row: Mapping[Any, Any], is_best: bool) -> str:
    beside = tables.beside_study(row, "accuracy")
    if not row["n_trainings"]:
        return f"missing: {row['missing']}{beside}"
    low, high = row["accuracy_low"], row["accuracy_high"]
    lacking = f"; missing: {row['missing']}" if row["missing"] else ""
    ours = tables.number(row["accuracy"], is_best)
    return f"{ours}{_mark(row)} [{low:.3f}, {high:.3f}]{beside}{lacking}"


def _mark(row: Mapping[Any, Any]) -> str:
    return MARK if row["selection"] == "test" else ""


def _number(row: Mapping[Any, Any], column: str, is_best: bool = False) -> str:
    return "" if pd.isna(row[column]) else tables.number(row[column], is_best)


def _selection(row: Mapping[Any, Any]) -> str:
    """Say how the epoch, or a probe's point, was chosen, and by which folds."""
    chosen_on = row["chosen_on"]
    folds = f"on fold {chosen_on}" if isinstance(chosen_on, str) and chosen_on else ""
    return " ".join(filter(None, [_whole(row["selection"]), folds]))


def _whole(value: Any) -> str:
    if pd.isna(value):
        return ""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def classification_caption(
    frame: pd.DataFrame, dataset: str, level: float, notes: Iterable[str] = ()
) -> str:
    """Say what the numbers are, what was chosen on which clips, and where the study differs."""
    protocol = frame["protocol"].iloc[0]
    whole = (frame["test_fold"] == ALL_CLIPS) & (protocol == "holdout")
    n_clips, studied = frame["n_clips"][~whole].max(), tables.has_study(frame)
    lines = [
        f"Classification on {dataset}, protocol {protocol}, {n_clips} test clips. Accuracy: share "
        f"of test clips [{level:.0%} interval]{tables.BESIDE if studied else ''}. Bold marks the "
        "best value among rows tested on the same fold. Spread is the standard deviation of "
        "the accuracy. Seconds are the time that one training took for its epochs.",
    ]
    if whole.any():
        lines.append(
            f"Rows with test fold {ALL_CLIPS} need no training and are tested on the "
            f"{frame['n_clips'][whole].max()} clips of all folds."
        )
    if (frame["selection"] == "test").any():
        lines.append(
            f"{MARK} The epoch was chosen on the test clips themselves, as is common in published "
            "work, so these numbers are too high."
        )
    if studied and frame["selection"].notna().any() and frame["published_accuracy"].notna().any():
        lines.append("The study does not say how it chose the epochs of its networks.")
    lines += tables.difference_lines(frame)
    lines += notes
    return "\n".join(lines)


@TABLES.register(
    "classification",
    asked="classified",
    place=20,
    needs=("clips", "records", "predictions"),
    told=(
        "trainings", "present_trainings", "dataset", "test_protocol", "test_folds",
        "on_split_recording", "trained_starts", "trained_encoders", "names_by", "intervals",
    ),
)  # fmt: skip
def classification(files: Files, spec: Spec) -> Table:
    """Return the table of classifiers."""
    about = spec["trained_encoders"]
    results = zip(
        map(tuple, spec["present_trainings"]),
        map(read_record, files["records"]),
        map(read_clip_scores, files["predictions"]),
        strict=True,
    )
    rows = classification_rows(
        spec["trainings"],
        {row: (record, scores) for row, record, scores in results},
        spec["test_folds"],
        protocol=spec["test_protocol"],
        options=spec["intervals"],
        absent=encoders.absent_rows(about),
    )
    frame = classification_table(rows, spec["dataset"], spec["trained_starts"])
    divided = recording_notes(
        read_clips(files["clips"][0]), spec["test_folds"], spec["on_split_recording"]
    )
    caption = classification_caption(
        frame,
        spec["dataset"],
        spec["intervals"]["level"],
        [
            *encoders.naming_notes(spec["names_by"]),
            *encoders.notes(about, spec["dataset"]),
            *divided,
        ],
    )
    return Table(frame, shown_classification(frame), caption)
