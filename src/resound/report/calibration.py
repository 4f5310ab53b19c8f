"""The table of calibration: how sure classifiers are, beside how right."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from resound.data.index import read_clips
from resound.evaluation.calibration import (
    METRICS,
    SCALED,
    TEMPERATURE,
    calibration_rows,
    predicted_of,
)
from resound.evaluation.predictions import read_predictions
from resound.metrics.calibration import N_BINS
from resound.registry import TABLES
from resound.report import encoders, tables
from resound.report.made import Files, Spec, Table

ABOUT = ("network", "feature", "setting", "test_fold")


@TABLES.register(
    "calibration",
    asked="classified",
    place=25,
    needs=("clips", "answers", "choosing"),
    told=(
        "present_trainings", "choosing_trainings", "dataset", "test_protocol", "test_folds",
        "trained_encoders", "intervals",
    ),
)  # fmt: skip
def calibration(files: Files, spec: Spec) -> Table:
    """Return the table of calibration."""
    chose = zip(spec["choosing_trainings"], files["choosing"], strict=True)
    trained = predicted_of(
        spec["present_trainings"],
        [read_predictions(path) for path in files["answers"]],
        {tuple(row): read_predictions(path) for row, path in chose},
        read_clips(files["clips"][0]),
    )
    rows = calibration_rows(
        trained,
        spec["test_folds"],
        protocol=spec["test_protocol"],
        options=spec["intervals"],
    )
    # Where no encoder has its weights here and nothing else is trained, there is no row.
    frame = pd.DataFrame(rows, columns=None if rows else [*ABOUT, "accuracy", TEMPERATURE])
    return Table(frame, shown_calibration(frame), calibration_caption(spec))


def shown_calibration(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what a reader compares: each metric as trained, then at the temperature.

    Bold marks the lowest value among rows tested on the same fold.
    """
    shown = frame[[*ABOUT]].copy()
    shown["accuracy"] = frame["accuracy"].map("{:.3f}".format)
    for metric in METRICS:
        shown[metric] = _cells(frame, metric)
    shown["T"] = ["" if pd.isna(t) else f"{t:.2f}" for t in frame[TEMPERATURE]]
    for metric in METRICS:
        shown[f"{metric} at T"] = _cells(frame, f"{metric}{SCALED}")
    return shown


def _cells(frame: pd.DataFrame, column: str) -> list[str]:
    if column not in frame:
        return []
    lowest = tables.best_of(frame.assign(**{column: -frame[column]}), column, "test_fold")
    rows = zip(frame.to_dict("records"), lowest, strict=True)
    return [_cell(row, column, is_lowest) for row, is_lowest in rows]


def _cell(row: Mapping[Any, Any], column: str, is_lowest: bool) -> str:
    if pd.isna(row[column]):
        return ""
    ours = tables.number(row[column], is_lowest)
    if f"{column}_low" not in row:
        return ours
    return f"{ours} [{row[f'{column}_low']:.3f}, {row[f'{column}_high']:.3f}]"


def calibration_caption(spec: Spec) -> str:
    """Say what the numbers are, and what the temperature was fitted on."""
    lines = [
        f"Calibration on {spec['dataset']}, protocol {spec['test_protocol']}: of the test clips, "
        f"nll is the mean negative log likelihood in nats [{spec['intervals']['level']:.0%} "
        "interval], brier the mean Brier score (0 to 2), ece the expected calibration error of the "
        f"predicted class in {N_BINS} bins of equal width, which few clips raise by chance. Lower "
        "is better, and bold among rows tested on the same fold.",
        "T is the temperature by which logits are divided. It is fitted on the fold that chose the "
        "epoch, or the point of a grid, by what was trained without that fold; then stands the "
        "same at T. It changes no prediction. Without a fold that chose there is none: with "
        "selection fixed or test, and zero-shot.",
    ]
    return "\n".join([*lines, *encoders.notes(spec["trained_encoders"], spec["dataset"])])
