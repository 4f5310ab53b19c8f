"""The table of long files: what a search loses when clips have no borders."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from resound.evaluation.long_files import loss_rows
from resound.evaluation.scoring import read_scores
from resound.registry import TABLES
from resound.report import encoders, tables
from resound.report.made import Files, Spec, Table

NAMES = ("method", "setting", "query_fold")


@TABLES.register(
    "retrieval_long",
    asked="long_searches",
    place=60,
    needs=("long_scores", "single_scores"),
    told=(
        "long_rows", "long_files", "dataset", "retrieval_protocol", "top_k", "headline",
        "comparison", "intervals", "long_encoders",
    ),
)  # fmt: skip
def retrieval_long(files: Files, spec: Spec) -> Table:
    """Return what each method finds in long files, in single clips, and the difference."""
    layouts = [_by_row(spec["long_rows"], files[need]) for need in ("long_scores", "single_scores")]
    block = spec["comparison"]
    rows = loss_rows(
        *layouts,
        headline=spec["headline"],
        level=spec["intervals"]["level"],
        samples=block["samples"],
        seed=block["seed"],
    )
    named = [
        {**dict(zip(NAMES, name, strict=True)), "protocol": spec["retrieval_protocol"], **row}
        for name, row in zip(layouts[0], rows, strict=True)
    ]
    # Where no encoder has its weights here, there is no row, and notes say why.
    frame = pd.DataFrame(named, columns=None if named else [*NAMES, "protocol"])
    return Table(frame, shown_long(frame, spec["top_k"]), long_caption(spec))


def _by_row(
    rows: Sequence[Sequence[str]], paths: Sequence[Any]
) -> dict[tuple[str, ...], pd.DataFrame]:
    """Return scores by what names a row, and those of all splits together where there are more."""
    read = [read_scores(path) for path in paths]
    found = {tuple(row): scores for row, scores in zip(rows, read, strict=True)}
    methods = dict.fromkeys((row[0], row[1]) for row in rows)
    together = {
        (*method, "all"): [scores for row, scores in found.items() if row[:2] == method]
        for method in methods
    }
    several = {name: pd.concat(parts) for name, parts in together.items() if len(parts) > 1}
    return found | several


def shown_long(frame: pd.DataFrame, top_k: Sequence[int]) -> pd.DataFrame:
    """Return each metric in long files and, in brackets, in single clips and what is lost."""
    shown, rows = frame[list(NAMES)].copy(), frame.to_dict("records")
    for metric in (f"{name}@{k}" for k in top_k for name in tables.SHOWN):
        shown[metric] = [_cell(row, metric) for row in rows]
    shown["p"] = [f"{row['p_value']:.2g}" for row in rows]
    shown["p (adjusted)"] = [f"{row['p_adjusted']:.2g}" for row in rows]
    return shown


def _cell(row: Mapping[Any, Any], metric: str) -> str:
    lost, single = row[f"lost_{metric}"], row[f"single_{metric}"]
    low, high = row[f"lost_{metric}_low"], row[f"lost_{metric}_high"]
    return f"{row[metric]:.3f} ({single:.3f}; lost {lost:+.3f} [{low:+.3f}, {high:+.3f}])"


def long_caption(spec: Spec) -> str:
    """Say what was searched, what counts as a hit, and what is tested."""
    block, level = spec["long_files"], spec["intervals"]["level"]
    places = (
        "the first twenty hits moved to their best places"
        if block["refine"]
        else "hits at the windows"
    )
    lines = [
        f"Search on {spec['dataset']} as `resound search` does it, {places}: the gallery's clips "
        f"in {block['files']} long files, in an order drawn with seed {block['seed']}, windows of "
        f"{block['window']} s every {block['hop']} s. Each cell: in the long files (each clip a "
        f"file of its own; lost: single minus long, mean over queries [{level:.0%} bootstrap "
        "interval]).",
        "A hit stands for the clip that it overlaps most; a clip counts once, at its best place. "
        "A silent query finds nothing and counts 0.",
        f"p is of the difference of {spec['headline']}, from a two-sided sign-flip test over "
        "source recordings; p (adjusted) is for all rows at once (Westfall and Young).",
    ]
    return "\n".join([*lines, *encoders.notes(spec["long_encoders"], spec["dataset"])])
