"""Shards: an index of a corpus whose sounds are read by several jobs and joined by one.

The index of the whole stays from call to call. What it lacks is divided among shards; each makes an
index of its share, as `resound index` makes one, and these are appended to the whole and deleted.
How a method centres and scales is fitted once, before anything is divided, on the windows that
`resound index` would take. So no vector depends on the number of shards.

A folder of state holds ``index``, ``shards/<number>`` while there are any, and ``made_by.txt``, a
digest of all that decides a vector: where that is another one, all begins anew.
"""

import csv
import heapq
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from resound.errors import StoreError
from resound.experiment.asides import Shards, record_of
from resound.files import AnyPath, write_text
from resound.provenance import spec_digest
from resound.searching.index import BEGUN, Index, is_index
from resound.searching.indexing import Report, compare, fitted, update
from resound.searching.listing import Listing, Sound, list_sounds
from resound.searching.methods import Choice
from resound.searching.windows import Grid

INDEX, SHARDS, MADE_BY = "index", "shards", "made_by.txt"
HEADER = (*Sound._fields, "shard")
Spec = Mapping[str, Any]
Weights = Mapping[str, Any] | None


def fit_method(spec: Spec, weights: Weights, output: AnyPath) -> None:
    """Store the spec of a method, fitted on the sounds of a corpus where it needs that.

    Parameters
    ----------
    spec : mapping
        ``folder, method, grid``: as `resound.experiment.searches.corpus` makes it.
    weights : mapping or None
        Where an encoder's weights are; None for a feature.
    output : path
        The method's spec as JSON.

    Raises
    ------
    DataError
        When the folder has no sounds, or none that can be read.
    """
    choice = Choice(dict(spec["method"]), _plain(weights))
    method = fitted(spec["folder"], choice, Grid(**spec["grid"]))
    write_text(output, json.dumps(method.spec) + "\n")


def divide(
    spec: Spec,
    weights: Weights,
    *,
    method: AnyPath,
    code: str,
    state: AnyPath,
    shards: int,
    output: AnyPath,
) -> None:
    """Divide among shards what the index of a corpus lacks: sounds that are new or were changed.

    A sound that a shard has read already, before it was killed, stays with it; of the others the
    largest goes first, to the shard that has least.

    Parameters
    ----------
    spec, weights
        As in `fit_method`.
    method : path
        As `fit_method` stores it.
    code : str
        A digest of the code that makes vectors.
    state : path
        Folder of the index and of its shards.
    shards : int
        How many there are.
    output : path
        CSV, a row a sound that is to be read: ``path, size, modified, shard``.

    Raises
    ------
    DataError
        When the folder is not there, or has no sounds: the index stays as it was.
    """
    listing, state = list_sounds(spec["folder"]), Path(state)
    _renew(state, spec_digest(dict(spec), code, Path(method).read_text()))
    index = _opened(state / INDEX, spec, weights, method)
    todo = [task.sound for task in compare(index, listing).tasks]
    held = {
        path: number
        for number in range(shards)
        if is_index(state / SHARDS / str(number))
        for path in Index(state / SHARDS / str(number)).files()["path"]
    }
    rows = zip(todo, shares(todo, held, shards), strict=True)
    _write_rows(output, [(*sound, shard) for sound, shard in rows])


def shares(sounds: Sequence[Sound], held: Mapping[str, int], shards: int) -> list[int]:
    """Return for each sound its shard: the one that holds it, or else the one that has least.

    Examples
    --------
    >>> sounds = [Sound("a", 1, 0), Sound("b", 9, 0), Sound("c", 5, 0), Sound("d", 5, 0)]
    >>> shares(sounds, {}, 2)
    [0, 0, 1, 1]
    >>> shares(sounds, {"a": 0}, 2)
    [0, 1, 0, 0]
    """
    loads = [(0, shard) for shard in range(shards)]
    found = {sound.path: held[sound.path] for sound in sounds if sound.path in held}
    for sound in sounds:
        if sound.path in found:
            size, shard = loads[found[sound.path]]
            loads[shard] = (size + sound.size, shard)
    heapq.heapify(loads)
    for sound in sorted(sounds, key=lambda sound: (-sound.size, sound.path)):
        if sound.path not in found:
            size, shard = loads[0]
            heapq.heapreplace(loads, (size + sound.size, shard))
            found[sound.path] = shard
    return [found[sound.path] for sound in sounds]


def index_shard(
    spec: Spec,
    weights: Weights,
    *,
    method: AnyPath,
    sounds: AnyPath,
    state: AnyPath,
    number: int,
    output: AnyPath,
    n_threads: int,
) -> None:
    """Make the index of one shard; killed before, it goes on.

    Parameters
    ----------
    spec, weights, method
        As in `divide`.
    sounds : path
        As `divide` writes it.
    state : path
        As in `divide`.
    number : int
        Which shard.
    output : path
        JSON: what was read, ``added, windows, seconds, unread``.
    n_threads : int
        Threads that compute vectors.

    Raises
    ------
    StoreError
        When the shard is damaged, or the disk is full: what was written stays.
    """
    own = [sound for sound, shard in _read_rows(sounds) if shard == number]
    report = Report()
    if own:
        index = _opened(Path(state, SHARDS, str(number)), spec, weights, method)
        loaded = index.choice.load()
        report = update(index, loaded, listing=Listing(own, []), n_threads=n_threads)
    write_text(output, json.dumps(_told(report), indent=1) + "\n")


def join(
    spec: Spec,
    *,
    state: AnyPath,
    reports: Iterable[AnyPath],
    sounds: str,
    division: Shards,
    output: AnyPath,
) -> None:
    """Append the shards to the index of the corpus, drop what is gone, and delete the shards.

    Killed meanwhile, it goes on when it is called again.

    Parameters
    ----------
    spec : mapping
        As in `divide`.
    state : path
        As in `divide`.
    reports : iterable of path
        As `index_shard` writes them, one a shard.
    sounds : str
        The name of the sounds as they were when they were divided.
    division : Shards
        How they were divided.
    output : path
        JSON: how many ``sounds`` and ``windows`` there are, what is known of the ``approximate``
        index, which paths are ``unread`` and why, and how it was divided.

    Raises
    ------
    StoreError
        When an index is damaged, or the disk is full: what was written stays.
    """
    index, parts = Index(Path(state, INDEX)), Path(state, SHARDS)
    listing = list_sounds(spec["folder"])
    with index.writing():
        changes, files = compare(index, listing), index.files()
        begun = files["file"][files["windows"] == BEGUN]
        index.put(changes.touched)
        index.drop(sorted({*changes.going, *begun}))
        for part in sorted(parts.iterdir()) if parts.is_dir() else []:
            if is_index(part):
                _append(index, Index(part))
        index.settle()
    shutil.rmtree(parts, ignore_errors=True)
    unread = [pair for path in reports for pair in json.loads(Path(path).read_bytes())["unread"]]
    made = {"corpus": dict(spec), "sounds": sounds}
    record = {
        **json.loads(record_of(asdict(division), made)),
        "sounds": len(index.files()),
        "windows": index.count(),
        "approximate": index.approximate._asdict() if index.approximate else None,
        "unread": sorted([*unread, *map(list, listing.unread)]),
    }
    write_text(output, json.dumps(record, indent=1) + "\n")
    told = f"{record['sounds']} sounds, {record['windows']:,} windows"
    print(f"{told}, {len(record['unread'])} not read: {output}")


def _append(index: Index, part: Index) -> None:
    """Append what a part has read and an index has not, under numbers that are new there."""
    files, known = part.files(), index.files()
    new = files[(files["windows"] > BEGUN) & ~files["path"].isin(known["path"])]
    if new.empty:
        return
    first = int(known["file"].max()) + 1 if len(known) else 0
    numbers = np.full(int(files["file"].max()) + 1, -1, np.int64)
    numbers[new["file"].to_numpy()] = first + np.arange(len(new))
    rows = new.assign(file=numbers[new["file"].to_numpy()])
    index.put(_records(rows.assign(windows=BEGUN)))
    for block in part.windows():
        named: npt.NDArray[np.int64] = numbers[block.files]
        kept = named >= 0
        if kept.any():
            index.add(named[kept].tolist(), block.positions[kept].tolist(), block.vectors[kept])
    index.put(_records(rows))


def _records(rows: Any) -> list[dict[str, Any]]:
    return [{str(name): row[name] for name in row} for row in rows.to_dict("records")]


def _renew(state: Path, made_by: str) -> None:
    """Delete the indexes below a folder that were made by something else."""
    record = state / MADE_BY
    if record.is_file() and record.read_text() == made_by:
        return
    for name in (INDEX, SHARDS):
        shutil.rmtree(state / name, ignore_errors=True)
    write_text(record, made_by)


def _opened(place: Path, spec: Spec, weights: Weights, method: AnyPath) -> Index:
    """Return an index of the corpus, made with no rows where there is none."""
    choice, grid = (
        Choice(json.loads(Path(method).read_text()), _plain(weights)),
        Grid(**spec["grid"]),
    )
    if is_index(place):
        index = Index(place)
        index.check(choice, grid)
        return index
    loaded, sounds = choice.load(), Path(spec["folder"])
    return Index.create(place, sounds=sounds, method=loaded, choice=choice, grid=grid)


def _plain(weights: Weights) -> dict[str, Any] | None:
    return None if weights is None else dict(weights)


def _told(report: Report) -> dict[str, Any]:
    counts = {"added": report.added, "windows": report.windows, "seconds": report.seconds}
    return {**counts, "unread": [list(unread) for unread in report.unread]}


def _write_rows(path: AnyPath, rows: Iterable[Sequence[Any]]) -> None:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([HEADER, *rows])
    write_text(path, text.getvalue())


def _read_rows(path: AnyPath) -> list[tuple[Sound, int]]:
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [
            (Sound(row["path"], int(row["size"]), int(row["modified"])), int(row["shard"]))
            for row in rows
        ]
    except (OSError, KeyError, ValueError) as error:
        raise StoreError(f"{path}: is no list of sounds ({error}); delete it, run again") from error
