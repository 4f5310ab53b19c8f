"""The table of partial queries: what is found by the first seconds of a clip."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from resound.data.sounding import SILENCE_DB
from resound.evaluation.changed import LEFT, changed_rows
from resound.evaluation.scoring import read_orders
from resound.experiment.coordinates import RunRow
from resound.registry import TABLES
from resound.report import encoders, tables
from resound.report.made import Files, Spec, Table

NAMES = ("method", "network", "feature", "setting", "query_fold", "query")
WHOLE = "whole"


@TABLES.register(
    "retrieval_partial",
    asked="asked_by_parts",
    place=55,
    needs=("whole_scores", "part_scores"),
    told=(
        "whole_rows", "part_rows", "part_folds", "part_encoders", "dataset", "retrieval_protocol",
        "top_k", "intervals",
    ),
)  # fmt: skip
def retrieval_partial(files: Files, spec: Spec) -> Table:
    """Return what each method finds for whole clips and for parts of them."""
    names = (RunRow(*row) for row in spec["whole_rows"])
    whole = dict(zip(names, map(read_orders, files["whole_scores"]), strict=True))
    parts: dict[float, dict[RunRow, pd.DataFrame]] = {}
    for (seconds, row), path in zip(spec["part_rows"], files["part_scores"], strict=True):
        parts.setdefault(seconds, {})[RunRow(*row)] = read_orders(path)
    rows = changed_rows(
        whole,
        dict(sorted(parts.items())),
        spec["part_folds"],
        protocol=spec["retrieval_protocol"],
        options=spec["intervals"],
        column="seconds",
    )
    # Where no encoder has its weights here and nothing else is compared, there is no row.
    named = [{**row, "query": _asked_by(row["seconds"])} for row in rows]
    frame = pd.DataFrame(named, columns=None if rows else [*NAMES, "seconds"])
    return Table(frame, shown_changed(frame, NAMES, spec["top_k"]), partial_caption(spec))


def _asked_by(seconds: float) -> str:
    """Return the words for a query: ``whole`` or ``0.5 s``."""
    return WHOLE if pd.isna(seconds) else f"{seconds:g} s"


def shown_changed(frame: pd.DataFrame, names: Sequence[str], top_k: Sequence[int]) -> pd.DataFrame:
    """Return each metric with its interval and, in brackets, what is left of unchanged queries'."""
    shown = frame[[name for name in names if name in frame]].copy()
    if "network" in shown:
        shown["network"] = shown["network"].fillna("")
    rows = frame.to_dict("records")
    for metric in (f"{name}@{k}" for k in top_k for name in tables.SHOWN):
        shown[metric] = [told_of(row, metric) for row in rows]
    return shown


def told_of(row: Mapping[Any, Any], metric: str) -> str:
    """Return a metric with its interval and, of changed clips, the share that is left."""
    found = f"{row[metric]:z.3f} [{row[f'{metric}_low']:z.3f}, {row[f'{metric}_high']:z.3f}]"
    left = row.get(f"{LEFT}_{metric}")
    if pd.isna(left):
        return found
    low, high = (row[f"{LEFT}_{metric}_{end}"] for end in ("low", "high"))
    return f"{found} ({left:.0%} left [{low:.0%}, {high:.0%}])"


def partial_caption(spec: Spec) -> str:
    """Say what asked, what answered and what is left of what."""
    level = spec["intervals"]["level"]
    lines = [
        f"Retrieval on {spec['dataset']}, protocol {spec['retrieval_protocol']}, by whole clips "
        "and by parts of them; whole clips answer. Each cell: mean over queries "
        f"[{level:.0%} interval] (its share of that of whole clips [{level:.0%} interval]).",
        "A part begins with the first 10 ms of a clip whose RMS is at least "
        f"{SILENCE_DB:g} dBFS. Nothing is added to it: what follows a sound within its clip stays, "
        "and of a clip that ends earlier it is the end.",
    ]
    return "\n".join([*lines, *encoders.notes(spec["part_encoders"], spec["dataset"])])
