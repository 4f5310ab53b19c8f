"""Hits as the commands print and write them: a table, CSV, JSON, or labels."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from tabulate import tabulate

from resound.commands.sounds import clock, told
from resound.files import write_text
from resound.searching.labels import FORMATS, as_labels

# What the places carry for other parts of the program.
INNER = ("asked", "number")


def add_form(parser: argparse.ArgumentParser) -> None:
    """Declare in which form hits come, and where they go."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print CSV")
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--labels", choices=FORMATS, help="print a label track or a selection table")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="PATH",
        help="write to a file; with --labels audacity to a folder, a file for each sound",
    )


def show(hits: pd.DataFrame, arguments: argparse.Namespace, about: Mapping[str, object]) -> None:
    """Print hits, or write them, in the form that the arguments name.

    Parameters
    ----------
    hits : DataFrame
        ``rank, file, start, end`` and scores, in their order.
    arguments : argparse.Namespace
        With what `add_form` declares.
    about : mapping
        What stands before the hits in JSON.
    """
    hits = hits.drop(columns=[name for name in INNER if name in hits])
    if arguments.labels == "audacity" and arguments.output:
        _label_each(hits, arguments.output)
        return
    if arguments.labels:
        text = as_labels(hits, arguments.labels)
    elif arguments.csv:
        text = hits.to_csv(index=False, lineterminator="\n")
    elif arguments.json:
        record = {**about, "hits": hits.to_dict("records")}
        text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    else:
        text = _table(hits) + "\n"
    if arguments.output:
        write_text(arguments.output, text)
        told(f"{arguments.output}: {len(hits)} hits")
    else:
        print(text, end="")


def _label_each(hits: pd.DataFrame, folder: Path) -> None:
    """Write a file of labels for each sound, named as the sound, those of one name apart."""
    names: dict[str, int] = {}
    for file, some in hits.groupby("file", sort=False):
        name = Path(str(file)).name
        names[name] = names.get(name, 0) + 1
        apart = f".{names[name]}" if names[name] > 1 else ""
        write_text(folder / f"{name}{apart}.txt", as_labels(some, "audacity"))
        told(f"{folder / f'{name}{apart}.txt'}: {len(some)} of {file}")


def _table(hits: pd.DataFrame) -> str:
    shown = hits.copy()
    for name in ("start", "end", "offset"):
        if name in shown:
            shown[name] = shown[name].map(clock)
    scores = (("similarity", "{:.3f}"), ("probability", "{:.3f}"), ("distance", "{:.4g}"))
    for name, form in scores:
        if name in shown:
            shown[name] = shown[name].map(form.format)
    columns = [str(name) for name in shown if name != "file"] + ["file"]
    rows = shown[columns].to_numpy().tolist()
    align = ["left" if name == "file" else "right" for name in columns]
    return tabulate(rows, columns, disable_numparse=True, colalign=align if rows else None)
