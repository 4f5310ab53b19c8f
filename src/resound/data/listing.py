"""Listing of a data set's clips, and whether they are still those that the index has read.

A run has to notice a clip that was replaced, added or removed before its first job, and cannot read
all of them for that. So the index leaves a `Record` of the files that it has read: size, time of
the last change, SHA-256. A file of the recorded size and time is taken for what it was; one of
another size is another; of one with another time alone the bytes decide, read once.

So a data set that was copied, touched or moved is still the same, a time in the future is as good
as any, and what the CSV does not list is not looked at. The rules import this module: it needs the
standard library alone.
"""

import csv
import functools
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Self

from resound.data.cliplist import AUDIO, find_list
from resound.errors import DataError, ParameterError, StoreError, handful
from resound.files import AnyPath, sha256_of, write_text

READERS = 4
# Digests of clips whose times alone have changed, kept beside Snakemake's own records.
DIGESTS = ".snakemake/resound.clips.json"


class Stamp(NamedTuple):
    """What a file shows without being read: its bytes, and the time of its last change in ns."""

    size: int
    time: int


class Listing(NamedTuple):
    """The clips that a data set lists, as they are now.

    Attributes
    ----------
    csv : str
        SHA-256 of the CSV, or of what would stand in that of a folder without one; empty where
        there is none.
    clips : dict of str to Stamp or None
        Each listed file, sorted by name; None where it is not there.
    sounds : str
        The folder of these files, below the data set's.
    """

    csv: str
    clips: dict[str, Stamp | None]
    sounds: str = AUDIO

    @classmethod
    def of(cls, data_root: AnyPath, dataset: str) -> Self:
        """Look at the files of a data set; whether its CSV is right is for the index to say."""
        try:
            listed = find_list(Path(data_root), dataset)
        except (DataError, OSError):
            return cls("", {})
        folder = Path(data_root, listed.sounds)
        names = sorted({name for name in _names(listed.content, dataset) if name})
        stamps = {name: _stamp(folder / name) for name in names}
        return cls(_digest(listed.content), stamps, listed.sounds)

    @property
    def size_mb(self) -> float:
        """Size of all clips together, in millions of bytes."""
        return sum(stamp.size for stamp in self.clips.values() if stamp) / 1e6

    def name(self, salt: str = "") -> str:
        """Return a name for these clips, short enough to be read as a reason."""
        return f"clips {_digest(json.dumps([salt, *self]).encode())[:12]}"


class Changes(NamedTuple):
    """What is no longer as it was recorded: names of clips, and whether the CSV is another."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    csv: bool = False

    def __str__(self) -> str:
        kinds = {"added": self.added, "removed": self.removed, "replaced": self.replaced}
        told = [f"clips {kind}: {handful(clips)}" for kind, clips in kinds.items() if clips]
        return "; ".join([*told, *(["the CSV is another"] if self.csv else [])])


class Record(NamedTuple):
    """The clips that an index has read.

    Attributes
    ----------
    name : str
        What they are known by for as long as their bytes are the same.
    listing : Listing
        Their files.
    digests : dict of str to str
        SHA-256 of each file that could be read.
    """

    name: str
    listing: Listing
    digests: dict[str, str]

    @classmethod
    def of(cls, name: str, listing: Listing, known: Mapping[str, str], data_root: AnyPath) -> Self:
        """Return the record of clips whose digests are `known`, but for those that are no audio."""
        unknown = {c: stamp for c, stamp in _there(listing).items() if c not in known}
        folder = Path(data_root, listing.sounds)
        return cls(name, listing, {**known, **digests(folder, unknown)})

    @classmethod
    def read(cls, path: AnyPath) -> Self | None:
        """Return the record at `path`; None where there is none."""
        try:
            name, (meta, stamps, sounds), digests = _json(path)
            clips = {clip: stamp and Stamp(*stamp) for clip, stamp in stamps.items()}
        except (ValueError, TypeError, AttributeError):
            return None
        return cls(name, Listing(meta, clips, sounds), digests)

    def write(self, path: AnyPath) -> None:
        """Write the record to `path`."""
        write_text(path, json.dumps(self) + "\n")

    def changes(self, now: Listing, data_root: AnyPath, cache: AnyPath | None = None) -> Changes:
        """Say what is other than recorded; nothing, when the bytes are the same.

        Files are read where only their times are others, and only when no other change is seen.
        """
        old, new = _there(self.listing), _there(now)
        changed = Changes(
            added=tuple(clip for clip in new if clip not in old),
            removed=tuple(clip for clip in old if clip not in new),
            replaced=tuple(c for c in new if c in old and new[c].size != old[c].size),
            csv=now.csv != self.listing.csv,
        )
        if any(changed):
            return changed
        touched = {clip: stamp for clip, stamp in new.items() if stamp != old[clip]}
        found = digests(Path(data_root, now.sounds), touched, cache)
        replaced = (c for c in touched if found.get(c, "") != self.digests.get(c))
        return Changes(replaced=tuple(replaced))


class Watch:
    """Looks at a data set once for each time that it is recorded, and tells when it has changed.

    Parameters
    ----------
    data_root : pathlib.Path
        The data set.
    dataset : str
        Which one it is.
    index : pathlib.Path
        The folder of its record, ``dataset.json``, and of what the index has read, ``files.json``.
    """

    def __init__(self, data_root: Path, dataset: str, index: Path) -> None:
        self.data_root, self.dataset, self.index = data_root, dataset, index
        self._seen: dict[int | None, Listing] = {}
        self._names: dict[int | None, str] = {}

    @property
    def _recorded(self) -> int | None:
        """When the data set was recorded, in ns; None before."""
        record = self.index / "dataset.json"
        return record.stat().st_mtime_ns if record.is_file() else None

    @property
    def now(self) -> Listing:
        """The clips as they are."""
        when = self._recorded
        if when not in self._seen:
            self._seen[when] = Listing.of(self.data_root, self.dataset)
        return self._seen[when]

    @property
    def place(self) -> str:
        """Where the data set is; of one that was moved as it was, where it has been recorded."""
        return recorded_place(self.index / "dataset.json", self.data_root) or str(self.data_root)

    def name(self, tell: Callable[[str], None] | None = None) -> str:
        """Return the name of the clips, which stays while their bytes stay, and tell of changes."""
        when = self._recorded
        if when not in self._names:
            self._names[when] = self._name(tell)
        return self._names[when]

    def _name(self, tell: Callable[[str], None] | None) -> str:
        read = Record.read(self.index / "files.json")
        if read is None:
            return self.now.name()
        changes = read.changes(self.now, self.data_root, DIGESTS)
        if not any(changes):
            return read.name
        if tell:
            tell(f"Since the index was made: {changes}.")
        return self.now.name(read.name)


def recorded_place(record: AnyPath, data_root: Path) -> str | None:
    """Return where a data set was when it was recorded, if the one at `data_root` is the same.

    The same list says so: whether its clips are the same is for `Record.changes` to say.
    """
    recorded = _json(record)
    try:
        listed = find_list(data_root, recorded["dataset"])
        same = recorded["sha256"] == _digest(listed.content)
    except (DataError, ParameterError, OSError, TypeError, KeyError):
        return None
    return recorded.get("data_root") if same else None


def digests(
    sounds: AnyPath, stamps: Mapping[str, Stamp], cache: AnyPath | None = None
) -> dict[str, str]:
    """Return the SHA-256 digests of a folder's clips by their names, but for those not readable.

    With a `cache`, a file, no clip is read again by the next process while its stamp is the same.
    """
    folder = os.path.normpath(Path.cwd() / sounds)
    kept = _json(cache) if cache else None
    known = kept.get(folder, {}) if isinstance(kept, dict) else {}
    unknown = [clip for clip, stamp in stamps.items() if known.get(clip, [])[:2] != list(stamp)]
    with ThreadPoolExecutor(READERS) as pool:
        read = pool.map(functools.partial(_sha256, folder), unknown)
        known |= {c: [*stamps[c], sha] for c, sha in zip(unknown, read, strict=True) if sha}
    if cache and unknown:
        _keep(cache, {folder: known})
    return {c: known[c][2] for c, stamp in stamps.items() if known.get(c, [])[:2] == list(stamp)}


def _names(content: bytes, dataset: str) -> Iterator[str]:
    """Yield the names that a CSV lists, as far as it can be read."""
    text = content.decode("utf-8-sig", "replace")
    try:
        for row in csv.DictReader(io.StringIO(text, newline="")):
            if dataset != "esc10" or (row.get("esc10") or "").strip().lower() != "false":
                yield row.get("filename") or ""
    except csv.Error:
        return


def _stamp(path: Path) -> Stamp | None:
    try:
        about = path.stat()
    except (OSError, ValueError):  # a name that no file can have
        return None
    return Stamp(about.st_size, about.st_mtime_ns)


def _there(listing: Listing) -> dict[str, Stamp]:
    return {clip: stamp for clip, stamp in listing.clips.items() if stamp}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sha256(folder: str, clip: str) -> str:
    try:
        return sha256_of(Path(folder, clip))
    except OSError:
        return ""


def _json(path: AnyPath) -> Any:
    try:
        return json.loads(Path(path).read_bytes())
    except (OSError, ValueError):
        return None


def _keep(cache: AnyPath, content: object) -> None:
    try:
        write_text(cache, json.dumps(content))
    except (OSError, StoreError):  # it is read again
        return
