"""Validation table: our features beside librosa's, with the study's figures for its own."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from resound import store
from resound.registry import TABLES
from resound.report import published, tables
from resound.report.made import Files, Spec, Table

# What a reader compares, and under which heading.
FIGURES = {
    "correlation": "correlation",
    "mean_difference": "mean",
    "max_difference": "largest",
    "std_difference": "std",
}
CAPTION = (
    "Our features beside librosa's, computed in float64 on the same clips: Pearson's correlation, "
    "and the mean, the largest and the standard deviation of the absolute differences."
)
OF_STUDY = " In brackets: the study's figure for its own features beside librosa's."


def validation_table(comparisons: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """Set the comparisons with librosa beside the study's.

    Parameters
    ----------
    comparisons : DataFrame
        A row a feature or coefficient, as `resound.evaluation.validation.compare` makes them.
    dataset : str
        What they are about.

    Returns
    -------
    DataFrame
        The columns of `comparisons`; of the study's data then its figures as
        ``published_correlation, ...``, and ``published_note``, which says where the shape of a clip
        differs from the study's.
    """
    if not published.stands_beside(dataset):
        return comparisons
    study = published.validation_figures()
    rows = comparisons.to_dict("records")
    beside = [study.get(row["feature"], {}) for row in rows]
    columns = {
        f"published_{name}": [figures.get(name, np.nan) for figures in beside] for name in FIGURES
    }
    notes = [
        _difference(row, figures) if figures else ""
        for row, figures in zip(rows, beside, strict=True)
    ]
    return comparisons.assign(**columns, published_note=notes)


def _difference(row: Mapping[Any, Any], study: Mapping[str, float]) -> str:
    if "dims" not in study:
        return ""
    theirs = f"({study['frames']:.0f}, {study['dims']:.0f})"
    return "" if str(row["shape"]) == theirs else f"shape {row['shape']}, the study's {theirs}"


def shown_validation(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the differences with the study's figures in brackets."""
    shown = frame[["feature", "setting", "clips", "shape", "unit"]].copy()
    for name, heading in FIGURES.items():
        form = ".4f" if name == "correlation" else ".2g"
        rows = frame.to_dict("records")
        shown[heading] = [_cell(row[name], row.get(f"published_{name}"), form) for row in rows]
    return shown


def _cell(ours: float, study: float | None, form: str) -> str:
    beside = "" if pd.isna(study) else f" ({study:.4f})"
    return f"{'' if pd.isna(ours) else format(ours, form)}{beside}"


def validation_caption(frame: pd.DataFrame) -> str:
    """Say what the numbers are, and in what ours differ from the study's by their making."""
    caption = CAPTION + (OF_STUDY if tables.has_study(frame) else "")
    return "\n".join([caption, *tables.difference_lines(frame)])


@TABLES.register(
    "validation", asked="validations", place=50, needs=("comparisons",), told=("dataset",)
)
def validation(files: Files, spec: Spec) -> Table:
    """Return the table of all comparisons with librosa."""
    comparisons = pd.concat([store.read_csv(path) for path in files["comparisons"]])
    frame = validation_table(comparisons, spec["dataset"])
    return Table(frame, shown_validation(frame), validation_caption(frame))
