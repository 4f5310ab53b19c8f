"""Validation table: our features beside librosa's, with the study's figures for its own."""

from collections.abc import Iterator, Mapping
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
    "and the mean, the largest and the standard deviation of the absolute differences. In "
    "brackets: the study's figure for its own features beside librosa's."
)


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
        The columns of `comparisons`, then the study's as ``published_correlation, ...``, and
        ``published_note``, which says where the data set or the shape of a clip differs from the
        study's.
    """
    study = published.validation_figures()
    rows = comparisons.to_dict("records")
    beside = [study.get(row["feature"], {}) for row in rows]
    columns = {
        f"published_{name}": [figures.get(name, np.nan) for figures in beside] for name in FIGURES
    }
    notes = [
        published.BETWEEN.join(_differences(row, figures, dataset)) if figures else ""
        for row, figures in zip(rows, beside, strict=True)
    ]
    return comparisons.assign(**columns, published_note=notes)


def _differences(row: Mapping[Any, Any], study: Mapping[str, float], dataset: str) -> Iterator[str]:
    if dataset != published.DATASET:
        yield f"data set {dataset}, the study's {published.DATASET}"
    if "dims" in study:
        theirs = f"({study['frames']:.0f}, {study['dims']:.0f})"
        if str(row["shape"]) != theirs:
            yield f"shape {row['shape']}, the study's {theirs}"


def shown_validation(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the differences with the study's figures in brackets."""
    shown = frame[["feature", "setting", "clips", "shape", "unit"]].copy()
    for name, heading in FIGURES.items():
        form = ".4f" if name == "correlation" else ".2g"
        columns = zip(frame[name], frame[f"published_{name}"], strict=True)
        shown[heading] = [_cell(ours, study, form) for ours, study in columns]
    return shown


def _cell(ours: float, study: float, form: str) -> str:
    beside = "" if pd.isna(study) else f" ({study:.4f})"
    return f"{'' if pd.isna(ours) else format(ours, form)}{beside}"


def validation_caption(frame: pd.DataFrame) -> str:
    """Say what the numbers are, and in what ours differ from the study's by their making."""
    return "\n".join([CAPTION, *tables.difference_lines(frame)])


@TABLES.register(
    "validation", asked="validations", place=50, needs=("comparisons",), told=("dataset",)
)
def validation(files: Files, spec: Spec) -> Table:
    """Return the table of all comparisons with librosa."""
    comparisons = pd.concat([store.read_csv(path) for path in files["comparisons"]])
    frame = validation_table(comparisons, spec["dataset"])
    return Table(frame, shown_validation(frame), validation_caption(frame))
