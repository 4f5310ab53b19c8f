"""Outline of a data set of one's own: what its list tells before any of its sounds is read.

Whatever is wrong with the list is told here, before the first job. The rules import this module: it
needs the standard library alone.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from resound.data.cliplist import Row, find_list, read_rows, recording_of
from resound.data.recordings import check_one_fold_each
from resound.errors import DataError
from resound.experiment.config_types import Config
from resound.experiment.facts import Facts
from resound.experiment.resources import counted


def look(config: Config) -> Facts:
    """Return what is known of the clips of an experiment.

    Parameters
    ----------
    config : mapping
        All blocks, checked. Where the data set is not there any more, its index tells.

    Returns
    -------
    Facts

    Raises
    ------
    DataError
        When the list is absent or breaks the layout, a recording lies in several folds and
        ``on_split_recording`` says ``error``, or folds cannot be made as they are asked for.
    """
    if config["dataset"] != "folder":
        return Facts()
    data_root = Path(config["data_root"])
    index = Path(config["results_dir"], "index", "clips.csv")
    if not data_root.is_dir() and index.is_file():
        return _facts(index, _indexed(index))
    listed = find_list(data_root, config["dataset"])
    rows = read_rows(listed, config["dataset"])
    made = config["make_folds"]
    if made:
        _check_made(listed.origin, rows, made)
    elif config["on_split_recording"] == "error" and "fold" in rows[0]:
        check_one_fold_each((row["filename"], recording_of(row), row["fold"]) for row in rows)
    return _facts(listed.origin, rows, made or 0)


def _facts(origin: Path, rows: Sequence[Row], made: int = 0) -> Facts:
    classes = {row.get("category", "") for row in rows} - {""}
    recordings = {recording_of(row) for row in rows}
    folds = tuple(sorted({int(row["fold"]) for row in rows if "fold" in row} - {0}))
    of = f"of {len(classes)} class{'es' * (len(classes) > 1)}" if classes else "without classes"
    told = f"{origin}: {counted(len(rows), 'clip')} {of}"
    if len(recordings) < len(rows):
        told += f" from {counted(len(recordings), 'recording')}"
    if made:
        told += f", {made} folds made by recording"
        folds = tuple(range(1, made + 1))
    elif len(folds) > 1:
        told += f", folds {', '.join(map(str, folds))}"
    else:
        told += f", all in fold {folds[0]}" if folds else ", no folds"
    return Facts(folds, len(classes), told)


def _indexed(index: Path) -> list[Row]:
    with index.open(newline="", encoding="utf-8") as file:
        return [{**row, "filename": row["id"]} for row in csv.DictReader(file)]


def _check_made(origin: Path, rows: Sequence[Row], n_folds: int) -> None:
    for fault in _faults_of_made(rows, n_folds):
        raise DataError(f"{origin}: make_folds: {n_folds}: {fault}")


def _faults_of_made(rows: Sequence[Row], n_folds: int) -> Iterator[str]:
    n_recordings = len({recording_of(row) for row in rows})
    if "fold" in rows[0]:
        yield "there are folds already; set it to null, or take the column fold out"
    if n_recordings < n_folds:
        yield f"there are only {counted(n_recordings, 'recording')}; set fewer, or null"
