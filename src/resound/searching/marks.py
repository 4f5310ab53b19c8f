"""Marks: which places of an index are right for what is looked for, and which are wrong.

``marks.csv`` in the folder of an index has a row for each time that a person marked a place, the
newest last; a later row of the same place and name counts in place of an earlier one:

============ ==========================================================================
``file``     the sound, below the folder of the index, with ``/`` between the parts
``start``    seconds from its beginning
``end``      likewise
``head``     the name of what is looked for
``mark``     ``right``, ``wrong``, or ``none`` where a mark was taken back
``when``     UTC, ISO 8601
============ ==========================================================================

Rows are appended by one call of the system, by one process or thread at a time. A row that a power
cut has torn ends without a line break: it is not read, and the next row takes its place.
"""

import csv
import errno
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from resound.errors import ParameterError, StoreError, check_choice
from resound.searching.places import Place

FILE, LOCK = "marks.csv", ".marks.lock"
COLUMNS = ("file", "start", "end", "head", "mark", "when")
RIGHT, WRONG, NONE = "right", "wrong", "none"
MARKS = (RIGHT, WRONG, NONE)
BLOCK = 4096  # bytes
NAME = re.compile(r"\w(?:[\w .-]{0,62}\w)?")


class Mark(NamedTuple):
    """A place with what a person said of it, ``right`` or ``wrong``, and when."""

    place: Place
    mark: str
    when: str


class Marks:
    """The marks that are kept with an index.

    Parameters
    ----------
    folder : pathlib.Path
        The index.
    """

    def __init__(self, folder: Path) -> None:
        self._file, self._lock = folder / FILE, folder / LOCK

    def of(self, head: str) -> list[Mark]:
        """Return the marks under a name that stand, in the order in which places were marked."""
        return [*self._standing().get(head, {}).values()]

    def names(self) -> dict[str, tuple[int, int]]:
        """Return for each name that has marks how many places are right and how many wrong."""
        counts = {}
        for head, marks in self._standing().items():
            given = [mark.mark for mark in marks.values()]
            counts[head] = (given.count(RIGHT), given.count(WRONG))
        return {head: counts[head] for head in sorted(counts) if any(counts[head])}

    def put(self, head: str, places: Iterable[Place], mark: str) -> None:
        """Mark places; all of them, or none where the disk is full.

        Parameters
        ----------
        head : str
            The name of what is looked for.
        places : iterable of Place
            Times are kept to a millisecond.
        mark : str
            ``right``, ``wrong`` or ``none``.

        Raises
        ------
        ParameterError
            For another mark, or a name that cannot be one.
        StoreError
            When the file cannot be written.
        """
        check_name(head)
        check_choice("mark", mark, MARKS)
        when = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [_row(head, Mark(_rounded(place), mark, when)) for place in places]
        try:
            with FileLock(self._lock):
                self._append(_text(rows))
        except OSError as error:
            raise StoreError(
                f"{self._file}: cannot be written ({error.strerror}); free some space, or make the "
                "folder writable"
            ) from error

    def rename(self, head: str, name: str) -> None:
        """Put all marks under another name; those that it has for the same places give way."""
        for mark in (RIGHT, WRONG):
            places = [found.place for found in self.of(head) if found.mark == mark]
            self.put(name, places, mark)
            self.put(head, places, NONE)

    def table(self, head: str, folder: Path) -> str:
        """Return the marks under a name as CSV, with the paths of the files in a folder."""
        rows = []
        for mark in self.of(head):
            whole = mark.place._replace(path=str(folder / mark.place.path))
            rows.append(_row(head, mark._replace(place=whole)))
        return _text([COLUMNS, *rows])

    def _standing(self) -> dict[str, dict[Place, Mark]]:
        found: dict[str, dict[Place, Mark]] = {}
        for head, mark in self._read():
            places = found.setdefault(head, {})
            if mark.mark == NONE:
                places.pop(mark.place, None)
            else:
                places[mark.place] = mark
        return found

    def _read(self) -> Iterator[tuple[str, Mark]]:
        try:
            text = self._file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(
                f"{self._file}: cannot be read ({error.strerror}); make it readable"
            ) from error
        whole, _, _ = text.rpartition("\n")
        for row in csv.DictReader(io.StringIO(whole, newline="")):
            try:
                place = Place(row["file"], float(row["start"]), float(row["end"]))
                yield (
                    row["head"],
                    Mark(place, check_choice("mark", row["mark"], MARKS), row["when"]),
                )
            except (KeyError, TypeError, ValueError) as error:
                raise StoreError(
                    f"{self._file}: is damaged ({error!r} in the row {[*row.values()]}); correct "
                    "or delete that row"
                ) from error

    def _append(self, text: str) -> None:
        with self._file.open("a+b", buffering=0) as file:
            size = _without_torn_row(file)
            data = (text if size else _text([COLUMNS]) + text).encode()
            written = file.write(data)
            if written is None or written < len(data):
                file.truncate(size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def check_name(name: str) -> str:
    """Return the name of what is looked for; raise ParameterError where it cannot be one.

    Examples
    --------
    >>> check_name("dog bark")
    'dog bark'
    """
    if not (isinstance(name, str) and NAME.fullmatch(name)):
        raise ParameterError(
            f"name={name!r} must be 1 to 64 letters, digits, blanks, dots, dashes or underscores, "
            "with a letter or digit at both ends"
        )
    return name


def _rounded(place: Place) -> Place:
    return Place(place.path, round(place.start, 3), round(place.end, 3))


def _row(head: str, mark: Mark) -> tuple[str, ...]:
    place = mark.place
    return (place.path, f"{place.start:.3f}", f"{place.end:.3f}", head, mark.mark, mark.when)


def _text(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _without_torn_row(file: io.FileIO) -> int:
    """Cut off what stands after the last line break, and return the size of the rest."""
    size = whole = file.seek(0, io.SEEK_END)
    while whole:
        first = file.seek(max(0, whole - BLOCK))
        end = (file.read(whole - first) or b"").rfind(b"\n")
        if end >= 0:
            whole = first + end + 1
            break
        whole = first
    if whole < size:
        file.truncate(whole)
    return whole
