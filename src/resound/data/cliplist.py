"""List of a data set's clips: its CSV, or the folder itself where it needs none.

A data set ``folder`` without a folder ``meta/`` is its own list. Sounds in folders are of the class
that the first folder on the way to them names; sounds side by side have no class. Such a list is
kept in the form of a CSV, with the columns ``filename`` and, where there are classes, ``category``:
whoever reads a data set reads one form.

The rules import this module: it needs the standard library alone.
"""

import csv
import io
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

from resound.audio.endings import ends_as_sound
from resound.data.faults import raise_faults
from resound.errors import DataError, as_read, check_choice, handful
from resound.files import absence, not_utf8

AUDIO, META = "audio", "meta"
COLUMNS = ("filename", "fold", "target", "category", "esc10", "src_file", "take")
REQUIRED = {
    "esc50": COLUMNS,
    "esc10": COLUMNS,
    "synthetic": COLUMNS,
    "folder": ("filename",),
}
FOLDS = range(1, 6)
SURPLUS = "cells beyond the header"
LARGEST_NUMBER = 10**9
LONGEST_NAME = 255  # bytes, on the file systems in use
# As Python writes them, and as a spreadsheet does that has saved the list.
TRUE, FALSE = ("True", "TRUE"), ("False", "FALSE")
Row = dict[str, str]


class ClipList(NamedTuple):
    """A list of clips, unread.

    Attributes
    ----------
    origin : pathlib.Path
        The CSV, or the folder that is its own list.
    content : bytes
        The CSV, or what would stand in one.
    sounds : str
        The folder below the data set's that the names are relative to; may be empty.
    """

    origin: Path
    content: bytes
    sounds: str = AUDIO

    @property
    def is_csv(self) -> bool:
        """Whether it was written by somebody, and not read off a folder."""
        return not self.origin.is_dir()


def find_list(data_root: Path, dataset: str) -> ClipList:
    """Return the list of a data set's clips, or raise DataError when there is none."""
    check_choice("dataset", dataset, REQUIRED)
    if dataset == "folder" and data_root.is_dir() and not (data_root / META).is_dir():
        return _of_folder(data_root)
    path = find_meta(data_root)
    return ClipList(path, path.read_bytes())


def find_meta(data_root: Path) -> Path:
    """Return the CSV file of a data set, or raise DataError when there is not exactly one."""
    if not data_root.is_dir():
        raise DataError(
            f"data_root={data_root} is not a folder: {absence(data_root, 'folder')}; set data_root "
            "to one that holds audio/ and meta/, or let fetch_dataset make it"
        )
    # A dot in front hides a file, in audio/ too: some systems put one beside each file they copy.
    beside = sorted((data_root / META).glob("[!.]*"))
    found = [path for path in beside if path.suffix.lower() == ".csv"]
    named = data_root / META / "esc50.csv"
    if named in found:
        return named
    if len(found) != 1:
        names = handful([path.name for path in found or beside]) or "none"
        raise DataError(f"{data_root / META} must hold one CSV file or esc50.csv; found: {names}")
    return found[0]


def read_rows(listed: ClipList, dataset: str) -> list[Row]:
    """Read and check the rows of a data set's list, each by the names of its columns.

    Parameters
    ----------
    listed : ClipList
        As `find_list` finds it.
    dataset : str
        ``esc50``, ``esc10``, ``synthetic`` or ``folder``.

    Returns
    -------
    list of dict
        In the order of the list; of ``esc10`` its own rows alone.

    Raises
    ------
    DataError
        When the list breaks the layout: one error for every fault, each with its line.
    """
    header, lines = _parsed(listed)
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise DataError(
            f"{listed.origin}: the column {', '.join(twice)} stands twice in the header, and only "
            "the last would count; delete or rename one of them"
        )
    misread = {name: as_column(name) for name in header if name not in COLUMNS}
    misread = {name: meant for name, meant in misread.items() if meant in COLUMNS}
    if misread:
        told = ", ".join(f"{name!r} is read as {meant!r}" for name, meant in misread.items())
        raise DataError(f"{listed.origin}: the column {told} and would not count; name it so")
    lacking = [name for name in REQUIRED[dataset] if name not in header]
    if lacking:
        raise DataError(
            f"{listed.origin}: lacks the column {', '.join(lacking)} and has {handful(header)}; "
            f"a data set {dataset!r} needs {', '.join(REQUIRED[dataset])}"
        )
    next_step = "correct the CSV file" if listed.is_csv else "rename these files"
    raise_faults(listed.origin, _row_faults(lines, dataset, listed.is_csv), next_step)
    rows = [row for _, row in lines if dataset != "esc10" or row["esc10"] in TRUE]
    if not rows:
        raise DataError(
            f"{listed.origin}: lists no clip of {dataset}; check `dataset` and `data_root`"
        )
    return rows


def as_column(name: str) -> str:
    """Return the name of a column as a person means it.

    Examples
    --------
    >>> as_column("Src File "), as_column("src-file")
    ('src_file', 'src_file')
    """
    return as_read(name).replace(" ", "_").replace("-", "_")


def clip_id(filename: str) -> str:
    """Return the id of a clip: its file name without extension, below the folder of its class.

    Examples
    --------
    >>> clip_id("5-9032-A-0.wav"), clip_id("dog/1.wav")
    ('5-9032-A-0', 'dog/1')
    """
    path = PurePosixPath(filename)
    return "/".join([*path.parts[:-1], Path(path.name).stem])


def recording_of(row: Row) -> str:
    """Return the recording that a clip was cut from: by default its own."""
    return row.get("src_file", clip_id(row["filename"]))


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


def _of_folder(data_root: Path) -> ClipList:
    """Return the list of a folder's sounds, which are all in folders of classes, or none is."""
    tables = sorted(path.name for path in data_root.glob("[!.]*.csv"))
    if tables:
        raise DataError(
            f"{data_root} holds {handful(tables)}, which is read in {data_root / META} alone; move "
            "it there and the sounds to audio/, or move it out of the folder"
        )
    sounds = AUDIO if (data_root / AUDIO).is_dir() else ""
    names = sorted(_sounds_below(data_root / sounds))
    beside = [name for name in names if "/" not in name]
    if not names:
        raise DataError(
            f"{data_root / sounds} holds no sound (.wav, .flac, .ogg, .mp3, ...); set data_root to "
            "a folder of sounds, or to one with a folder of sounds for each class"
        )
    if beside and len(beside) < len(names):
        raise DataError(
            f"{data_root / sounds} holds sounds ({handful(beside)}) beside folders of sounds; move "
            "them into a folder of their class, or all into one folder, where none has a class"
        )
    rows = [[name] if beside else [name, name.partition("/")[0]] for name in names]
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([["filename", "category"][: len(rows[0])], *rows])
    return ClipList(data_root / sounds, text.getvalue().encode("utf-8", "backslashreplace"), sounds)


def _sounds_below(folder: Path) -> Iterator[str]:
    """Yield the names of sounds at any depth, with ``/``; links to folders are not followed."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = Path(root).relative_to(folder)
        yield from ((below / name).as_posix() for name in files if ends_as_sound(name))


def _parsed(listed: ClipList) -> tuple[list[str], list[tuple[int, Row]]]:
    """Return the header and, with its line number, each row as a dict."""
    path = listed.origin
    if foreign := not_utf8(listed.content):
        raise DataError(f"{path}: {foreign}")
    text = listed.content.decode("utf-8-sig")
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


def _row_faults(lines: list[tuple[int, Row]], dataset: str, is_csv: bool) -> list[str]:
    faults = [
        f"line {number}: {fault}" if is_csv else fault
        for number, row in lines
        for fault in _cell_faults(row, dataset, is_csv)
    ]
    files = Counter(row["filename"] for _, row in lines)
    faults += [f"filename={name!r} is listed {n} times" for name, n in files.items() if n > 1]
    names_of_id: dict[str, set[str]] = {}
    for name in files:
        names_of_id.setdefault(clip_id(name), set()).add(name)
    faults += [
        f"clip id {key!r} stands for several files: {', '.join(sorted(names))}"
        for key, names in names_of_id.items()
        if len(names) > 1
    ]
    if {"target", "category"} <= lines[0][1].keys():
        pairs = sorted({(row["target"], row["category"]) for _, row in lines})
        faults += _two_sided("target", "category", pairs)
        faults += _two_sided("category", "target", [(name, target) for target, name in pairs])
    return faults


def _cell_faults(row: Row, dataset: str, is_csv: bool) -> Iterator[str]:
    if SURPLUS in row:
        yield f"has {len(row[SURPLUS])} cells more than the header"
    name = row["filename"]
    if is_csv and not is_plain_name(name):
        yield f"filename={name!r} must be a plain file name, inside audio/"
    elif not all(map(is_plain_name, name.split("/"))):
        yield f"{name!r} must have a name that can be written on any system"
    if not row.get("category", "-").strip():
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


def _two_sided(left: str, right: str, pairs: Sequence[tuple[str, str]]) -> list[str]:
    values: dict[str, list[str]] = {}
    for key, value in pairs:
        values.setdefault(key, []).append(value)
    return [
        f"{left}={key!r} has more than one {right}: {', '.join(found)}"
        for key, found in values.items()
        if len(found) > 1
    ]
