"""ESC-50's layout: a folder with ``audio/`` and one CSV file in ``meta/``.

The CSV has the columns ``filename,fold,target,category,esc10,src_file,take``. Four kinds of data
set are read from it:

========== =========================================================================================
esc50      all rows
esc10      the rows with ``esc10`` True (or TRUE), of ESC-50 or of a folder that holds only those
synthetic  all rows of a folder that `resound.data.synthetic` made
folder     all rows of any folder; only ``filename`` and ``category`` must be there. Without
           ``fold`` every clip has fold 0, which stands for no folds; without ``target`` categories
           are numbered in alphabetical order; without ``src_file`` each clip is a recording
========== =========================================================================================
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

import pandas as pd

from resound.data.faults import raise_faults
from resound.data.folds import NO_FOLDS
from resound.data.listing import AUDIO, find_meta
from resound.errors import DataError, as_read, check_choice, handful
from resound.files import not_utf8

COLUMNS = ("filename", "fold", "target", "category", "esc10", "src_file", "take")
REQUIRED = {
    "esc50": COLUMNS,
    "esc10": COLUMNS,
    "synthetic": COLUMNS,
    "folder": ("filename", "category"),
}
FOLDS = range(1, 6)
SURPLUS = "cells beyond the header"
LARGEST_NUMBER = 10**9
LONGEST_NAME = 255  # bytes, on the file systems in use
GROUPS = {
    "Animals": "dog rooster pig cow frog cat hen insects sheep crow",
    "Natural soundscapes & water sounds": "rain sea_waves crackling_fire crickets chirping_birds "
    "water_drops wind pouring_water toilet_flush thunderstorm",
    "Human, non-speech sounds": "crying_baby sneezing clapping breathing coughing footsteps "
    "laughing brushing_teeth snoring drinking_sipping",
    "Interior/domestic sounds": "door_wood_knock mouse_click keyboard_typing door_wood_creaks "
    "can_opening washing_machine vacuum_cleaner clock_alarm clock_tick glass_breaking",
    "Exterior/urban noises": "helicopter chainsaw siren car_horn engine train church_bells "
    "airplane fireworks hand_saw",
}
CATEGORIES = tuple(name for names in GROUPS.values() for name in names.split())
GROUP_OF = {name: group for group, names in GROUPS.items() for name in names.split()}

Row = dict[str, str]


@dataclass(frozen=True)
class Contents:
    """What a data set must hold.

    Attributes
    ----------
    clips, classes, clips_per_class, clips_per_class_and_fold : int
        Exact counts.
    sample_rate, channels, frames : int
        Of every audio file: Hz, count, frames per channel.
    split_recordings : tuple of str
        The recordings that the released folds divide.
    """

    clips: int
    classes: int
    clips_per_class: int
    clips_per_class_and_fold: int
    sample_rate: int = 44_100
    channels: int = 1
    frames: int = 220_500
    split_recordings: tuple[str, ...] = ()


# Each of these four has clips in two folds, of another class in each: a clock ticks and rings.
ESC50_SPLIT_RECORDINGS = ("131943", "134049", "209698", "234879")
CONTENTS = {
    "esc50": Contents(2000, 50, 40, 8, split_recordings=ESC50_SPLIT_RECORDINGS),
    "esc10": Contents(400, 10, 40, 8),
}
# As Python writes them, and as a spreadsheet does that has saved the list.
TRUE, FALSE = ("True", "TRUE"), ("False", "FALSE")


def read_meta(data_root: Path, dataset: str) -> pd.DataFrame:
    """Read and check the clip list of a data set in ESC-50's layout.

    Parameters
    ----------
    data_root : pathlib.Path
        The folder that holds ``audio/`` and ``meta/``.
    dataset : str
        ``esc50``, ``esc10``, ``synthetic`` or ``folder``; see the module's table.

    Returns
    -------
    DataFrame
        One row a clip, sorted by id: `id` (file name without extension), `file` (path below
        `data_root`), `fold`, `target`, `category`, `group` (ESC-50's major group, empty for a
        category that ESC-50 does not have) and `src_file` (the recording it was cut from).

    Raises
    ------
    DataError
        When the folder or its CSV is missing, or the CSV breaks the layout: one error that lists
        every fault with its line.
    """
    check_choice("dataset", dataset, REQUIRED)
    path = find_meta(data_root)
    header, lines = _read_rows(path)
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise DataError(
            f"{path}: the column {', '.join(twice)} stands twice in the header, and only the last "
            "would count; delete or rename one of them"
        )
    misread = {name: as_column(name) for name in header if name not in COLUMNS}
    misread = {name: meant for name, meant in misread.items() if meant in COLUMNS}
    if misread:
        told = ", ".join(f"{name!r} is read as {meant!r}" for name, meant in misread.items())
        raise DataError(f"{path}: the column {told} and would not count; name it so")
    lacking = [name for name in REQUIRED[dataset] if name not in header]
    if lacking:
        raise DataError(
            f"{path}: lacks the column {', '.join(lacking)} and has {handful(header)}; "
            f"a data set {dataset!r} needs {', '.join(REQUIRED[dataset])}"
        )
    raise_faults(path, _row_faults(lines, dataset), "correct the CSV file")
    rows = [row for _, row in lines if dataset != "esc10" or row["esc10"] in TRUE]
    if not rows:
        raise DataError(f"{path}: lists no clip of {dataset}; check `dataset` and `data_root`")
    return _meta_frame(rows)


def is_vacant(data_root: Path) -> bool:
    """Whether a data set can be put at `data_root`: it is absent or an empty folder."""
    return not data_root.exists() or (data_root.is_dir() and not any(data_root.iterdir()))


def check_contents(meta: pd.DataFrame, expected: Contents) -> None:
    """Check the numbers of clips that `read_meta` found.

    Raises
    ------
    DataError
        Lists every count that differs from `expected`.
    """
    counts = pd.crosstab(meta["category"], meta["fold"])
    folds = expected.clips_per_class // expected.clips_per_class_and_fold
    checks = [
        ("clips", len(meta), expected.clips),
        ("classes", len(counts), expected.classes),
        ("folds", len(counts.columns), folds),
    ]
    for name, row in counts.iterrows():
        checks.append((f"clips of {name}", int(row.sum()), expected.clips_per_class))
        for fold, found in row.items():
            where = f"clips of {name} in fold {fold}"
            checks.append((where, int(found), expected.clips_per_class_and_fold))
    faults = [f"{what}: {found}, not {wanted}" for what, found, wanted in checks if found != wanted]
    raise_faults("contents", faults, "fetch the data set again, or use `dataset: folder`")


def _read_rows(path: Path) -> tuple[list[str], list[tuple[int, Row]]]:
    """Return the header and, with its line number, each row as a dict."""
    content = path.read_bytes()
    if foreign := not_utf8(content):
        raise DataError(f"{path}: {foreign}")
    text = content.decode("utf-8-sig")
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey=SURPLUS, restval="", strict=True)
    try:
        lines = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise DataError(
            f"{path}: is not CSV after line {reader.line_num} ({error}); correct it"
        ) from error
    if not lines:
        raise DataError(f"{path}: is empty; it needs a header and a row for each clip")
    return list(reader.fieldnames or ()), lines


def _row_faults(lines: list[tuple[int, Row]], dataset: str) -> list[str]:
    faults = [
        f"line {number}: {fault}" for number, row in lines for fault in _cell_faults(row, dataset)
    ]
    files = Counter(row["filename"] for _, row in lines)
    faults += [f"filename={name!r} is listed {n} times" for name, n in files.items() if n > 1]
    names_of_id = defaultdict(set)
    for name in files:
        names_of_id[clip_id(name)].add(name)
    faults += [
        f"clip id {key!r} stands for several files: {', '.join(sorted(names))}"
        for key, names in names_of_id.items()
        if len(names) > 1
    ]
    if "target" in lines[0][1]:
        pairs = sorted({(row["target"], row["category"]) for _, row in lines})
        faults += _two_sided("target", "category", pairs)
        faults += _two_sided("category", "target", [(name, target) for target, name in pairs])
    return faults


def _cell_faults(row: Row, dataset: str) -> Iterator[str]:
    if SURPLUS in row:
        yield f"has {len(row[SURPLUS])} cells more than the header"
    name = row["filename"]
    if not is_plain_name(name):
        yield f"filename={name!r} must be a plain file name, inside audio/"
    if not row["category"].strip():
        yield f"category={row['category']!r} must not be empty"
    fold = row.get("fold", "1")
    if not is_number(fold, 1):
        yield f"fold={fold!r} must be a positive integer"
    elif dataset != "folder" and int(fold) not in FOLDS:
        yield f"fold={fold!r} must be one of 1 to 5"
    if not is_number(row.get("target", "0"), 0):
        yield f"target={row['target']!r} must be a whole number, 0 or more"
    if dataset == "esc10" and row["esc10"] not in (*TRUE, *FALSE):
        yield f"esc10={row['esc10']!r} must be True or False"
    if not row.get("src_file", "-").strip():
        yield f"src_file={row['src_file']!r} must not be empty"


def _two_sided(left: str, right: str, pairs: list[tuple[str, str]]) -> list[str]:
    values = defaultdict(list)
    for key, value in pairs:
        values[key].append(value)
    return [
        f"{left}={key!r} has more than one {right}: {', '.join(found)}"
        for key, found in values.items()
        if len(found) > 1
    ]


def is_plain_name(name: str) -> bool:
    """Whether `name` is a file name that cannot leave its folder on any system.

    Examples
    --------
    >>> is_plain_name("5-9032-A-0.wav"), is_plain_name("../secret.wav")
    (True, False)
    """
    plain = name.isprintable() and len(name.encode()) <= LONGEST_NAME
    return plain and name not in ("", "..") and PureWindowsPath(name).name == name


def is_number(text: str, lowest: int) -> bool:
    """Whether `text` is a whole number from `lowest` to a billion."""
    short = len(text) <= len(str(LARGEST_NUMBER))
    return short and text.isdecimal() and lowest <= int(text) <= LARGEST_NUMBER


def as_column(name: str) -> str:
    """Return the name of a column as a person means it.

    Examples
    --------
    >>> as_column("Src File "), as_column("src-file")
    ('src_file', 'src_file')
    """
    return as_read(name).replace(" ", "_").replace("-", "_")


def clip_id(filename: str) -> str:
    """Return the id of a clip: its file name without extension.

    Examples
    --------
    >>> clip_id("5-9032-A-0.wav")
    '5-9032-A-0'
    """
    return Path(filename).stem


def _meta_frame(rows: list[Row]) -> pd.DataFrame:
    numbers = {name: i for i, name in enumerate(sorted({row["category"] for row in rows}))}
    frame = pd.DataFrame(
        {
            "id": [clip_id(row["filename"]) for row in rows],
            "file": [f"{AUDIO}/{row['filename']}" for row in rows],
            "fold": [int(row.get("fold", NO_FOLDS)) for row in rows],
            "target": [int(row.get("target", numbers[row["category"]])) for row in rows],
            "category": [row["category"] for row in rows],
            "group": [GROUP_OF.get(row["category"], "") for row in rows],
            "src_file": [row.get("src_file", clip_id(row["filename"])) for row in rows],
        }
    )
    return frame.sort_values("id", ignore_index=True)
