"""``resound results``: what a run has found, in a few columns of a terminal."""

import argparse
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from tabulate import tabulate

from resound.commands.configs import add_config, making, read_config
from resound.errors import ReportError
from resound.evaluation.labels import FAMILIES, FOLDS, method_labels, row_a_method
from resound.report.page.tables import caption_of
from resound.report.tables import read_table

WIDTH, NAME_WIDTH = 100, 44
# What is told of each method, as far as its table has it.
RETRIEVAL = ("mrr", "binary", "proportion")
CLASSIFICATION = ("accuracy", "macro_f1")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command can be told."""
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the tables of methods, the best first, and what won."""
    folder = Path(read_config(arguments)["results_dir"], "tables")
    found = list(_tables(folder))
    if not found:
        raise ReportError(
            f"{folder}: there is no table yet; `{making(folder, arguments)}` makes it"
        )
    print("\n\n".join([*found, *_won(folder / "summary.md")]))
    return 0


def _tables(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.csv")):
        header = path.read_text(encoding="utf-8").partition("\n")[0].split(",")
        fold = next((name for name in FOLDS if name in header), None)
        if fold and "protocol" in header:
            yield _table(path.stem, row_a_method(read_table(path, fold)))


def _table(name: str, frame: pd.DataFrame) -> str:
    """Return a table of methods: what names each, then metrics, the first with its interval."""
    frame = frame.assign(label=method_labels(frame.to_dict("records")))
    metrics = _metrics([str(column) for column in frame])
    rows = frame.sort_values(metrics[0], ascending=False, kind="stable").to_dict("records")
    label = FAMILIES.get(name, name)
    cells = [
        [row["label"], _with_interval(row, metrics[0]), *(_number(row[m]) for m in metrics[1:])]
        for row in rows
    ]
    widths = [NAME_WIDTH, *[None] * len(metrics)]
    return tabulate(cells, [label, *metrics], disable_numparse=True, maxcolwidths=widths)


def _metrics(columns: list[str]) -> list[str]:
    at = sorted({int(n) for n in re.findall(r"@(\d+)", " ".join(columns))})[:1]
    wanted = [f"{name}@{k}" for name in RETRIEVAL for k in at] + [*CLASSIFICATION]
    return [name for name in wanted if name in columns]


def _with_interval(row: dict[Any, Any], metric: str) -> str:
    low, high = row[f"{metric}_low"], row[f"{metric}_high"]
    return _number(row[metric]) + ("" if pd.isna(low) else f" [{low:.3f}, {high:.3f}]")


def _number(value: float) -> str:
    return "missing" if pd.isna(value) else f"{value:.3f}"


def _won(summary: Path) -> Iterator[str]:
    """Yield the sentences by which the table of the best begins."""
    if summary.is_file():
        told = caption_of(summary).partition("The best of each table")[0].strip()
        if told:
            yield "\n".join(textwrap.fill(line, WIDTH) for line in told.splitlines())
