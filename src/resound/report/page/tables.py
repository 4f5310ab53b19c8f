"""Result tables as the page shows them: a metric, its interval and the study's in one cell."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from resound import store
from resound.evaluation.calibration import METRICS as LOWER_IS_BETTER
from resound.evaluation.calibration import SCALED
from resound.evaluation.labels import FOLDS, row_a_method
from resound.report.tables import SHOWN

STUDY = "published_"
DIFFERENCE = "difference_"
NOTE = "published_note"
COMPANIONS = ("_low", "_high", "_std_seeds", "_std_orders", "_std_folds")
ABOUT = ("method", "network", "feature", "setting", "query")


class Cell(NamedTuple):
    """One cell: what it is sorted by, what stands in it, and what stands below in small letters."""

    sort: float | str
    text: str
    small: str = ""
    best: bool = False


class Column(NamedTuple):
    """A column of a table, and whether it is shown only on demand."""

    name: str
    numeric: bool
    more: bool


def read(path: store.AnyPath) -> pd.DataFrame:
    """Read a table's CSV with its names as text."""
    names = store.read_csv(path).columns.intersection([*ABOUT, *FOLDS])
    return store.read_csv(path, dtypes=dict.fromkeys(names, "str"))


def caption_of(markdown: store.AnyPath) -> str:
    """Return what a table's Markdown says above the table."""
    return Path(markdown).read_text(encoding="utf-8").partition("\n|")[0].strip()


def shown(frame: pd.DataFrame) -> tuple[list[Column], list[list[Cell]]]:
    """Return a table's columns and rows.

    A metric's interval, spread over seeds and folds, and the study's figure stand in the metric's
    own cell; columns without a value, and the notes that the caption has too, are left out.
    """
    metrics = {str(name) for name in frame.columns if f"{name}_low" in frame}
    aside = {f"{name}{end}" for name in metrics for end in COMPANIONS} | {NOTE}
    aside |= {f"{beginning}{name}" for name in metrics for beginning in (STUDY, DIFFERENCE)}
    names = [
        name
        for name in map(str, frame.columns)
        if name not in aside
        and not name.startswith((STUDY, "difference_"))
        and not _empty(frame[name])
    ]
    columns = [
        Column(name, pd.api.types.is_numeric_dtype(frame[name]), _more(name, names))
        for name in names
    ]
    by_column = [
        _metric_cells(frame, name) if name in metrics else [_cell(v) for v in frame[name]]
        for name in names
    ]
    return columns, [list(row) for row in zip(*by_column, strict=True)]


def measures(frame: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Return for each metric with an interval the rows that have it, as a chart draws them."""
    frame = row_a_method(frame)
    found = {}
    for metric in (str(name) for name in frame.columns if f"{name}_low" in frame):
        rows = frame[frame[metric].notna()].to_dict("records")
        found[metric] = [
            {
                "about": {name: row[name] for name in ABOUT if pd.notna(row.get(name))},
                "value": row[metric],
                "low": row[f"{metric}_low"],
                "high": row[f"{metric}_high"],
                "study": _study(row, metric),
            }
            for row in rows
        ]
    return found


def missing(frame: pd.DataFrame) -> list[str]:
    """Say which rows of a table lack results, and why.

    Examples
    --------
    >>> rows = {"network": ["cnn", "crnn"], "missing": ["", "training diverged"]}
    >>> missing(pd.DataFrame(rows))
    ['crnn: training diverged']
    """
    if "missing" not in frame:
        return []
    return [
        f"{' '.join(str(row[name]) for name in ABOUT + FOLDS if name in row)}: {row['missing']}"
        for row in frame.to_dict("records")
        if pd.notna(row["missing"]) and row["missing"]
    ]


def _empty(column: pd.Series) -> bool:
    return bool((column.isna() | (column.astype(str) == "")).all())


def _more(name: str, names: list[str]) -> bool:
    """Say whether a metric is one that a reader looks at second: another k, or not in the study."""
    metric, at, k = name.partition("@")
    if not at:
        return False
    first = min(int(found) for found in re.findall(r"@(\d+)", " ".join(names)))
    return metric not in SHOWN or int(k) != first


def _cell(value: Any) -> Cell:
    if pd.isna(value):
        return Cell("", "")
    if isinstance(value, bool | str):
        return Cell(str(value), str(value))
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:.3g}"
    return Cell(float(value), text)


def _metric_cells(frame: pd.DataFrame, metric: str) -> list[Cell]:
    lower = metric.removesuffix(SCALED) in LOWER_IS_BETTER
    best = frame[metric].min() if lower else frame[metric].max()
    return [
        Cell("", "missing", _beside(row, metric))
        if pd.isna(row[metric])
        else Cell(
            row[metric], f"{row[metric]:.3f}", _beside(row, metric), bool(row[metric] == best)
        )
        for row in frame.to_dict("records")
    ]


def _beside(row: Mapping[Any, Any], metric: str) -> str:
    """Write the interval, the spread and the study's figure with our difference from it."""
    parts = []
    if pd.notna(row[metric]):
        parts.append(f"[{row[f'{metric}_low']:.3f}, {row[f'{metric}_high']:.3f}]")
    for axis in ("seeds", "folds"):
        spread = row.get(f"{metric}_std_{axis}")
        if pd.notna(spread):
            parts.append(f"± {spread:.3f} over {axis}")
    study = _study(row, metric)
    if study is not None:
        ours = "" if pd.isna(row[metric]) else f" ({row[metric] - study:+.3f})"
        parts.append(f"study {study:.3f}{ours}")
    return " · ".join(parts)


def _study(row: Mapping[Any, Any], metric: str) -> float | None:
    value = row.get(f"{STUDY}{metric}")
    return None if value is None or pd.isna(value) else float(value)
