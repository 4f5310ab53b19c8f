"""Indexing: the sounds of a folder into an index, and what has changed since into it again.

One thread decodes and writes, some compute vectors. Windows are written a thousand or so at a time;
a killed process loses those that were not written yet, and no others: called again, it decodes a
sound that was under way once more, and computes what is missing of it.
"""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from resound.audio.reading import UnreadableAudio, count_samples
from resound.errors import DataError, ParameterError, check_positive_int
from resound.files import AnyPath, sha256_of
from resound.jobs.progress import bar
from resound.searching.decoding import open_sound, resampled
from resound.searching.index import BEGUN, Index, is_index
from resound.searching.listing import Listing, Sound, Unread, list_sounds
from resound.searching.methods import Choice, Method, Statistics
from resound.searching.windows import Grid, Window, cut

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

WINDOWS_A_BATCH = 16
WINDOWS_A_WRITE = 1024
BATCHES_A_THREAD = 2
FITTED_ON = 512  # windows, evenly spread over the sounds


@dataclass
class Report:
    """What an indexing did.

    Attributes
    ----------
    added, changed, dropped : int
        Sounds that are new, that were read again, and that were gone.
    unread : list of Unread
        What could not be read, and so is not in the index.
    windows : int
        Windows that were computed.
    seconds : float
        Of sound, in all that was added or changed.
    """

    added: int = 0
    changed: int = 0
    dropped: int = 0
    unread: list[Unread] = field(default_factory=list)
    windows: int = 0
    seconds: float = 0.0


class Task(NamedTuple):
    """A sound to be read: its number, how many windows are there, whether it was read before."""

    number: int
    sound: Sound
    written: int
    again: bool


class Changes(NamedTuple):
    """What is to be done so that an index holds the sounds of a list.

    Attributes
    ----------
    tasks : list of Task
        Sounds that are to be read, in the order of their paths.
    going : list of int
        Numbers of sounds that are gone, or were changed and get another number.
    touched : list of dict
        Rows of sounds of which the time of writing alone is another.
    dropped : int
        How many of those that go are gone.
    """

    tasks: list[Task]
    going: list[int]
    touched: list[dict[str, Any]]
    dropped: int


class Ended(NamedTuple):
    """A sound that was read: how long it is, how many windows, or why it cannot be read."""

    task: Task
    duration: float
    windows: int
    fault: str


class Batch(NamedTuple):
    """Windows that are computed together, and the sounds that end with them."""

    numbers: list[int]
    positions: list[int]
    waveforms: list[Float32]
    ended: list[Ended]


def open_or_create(
    folder: AnyPath, into: AnyPath, choice: Choice | None, grid: Grid | None
) -> tuple[Index, Method]:
    """Return the index of a folder and its method, loaded; made, with no rows, if it is not there.

    Parameters
    ----------
    folder : path
        The sounds.
    into : path
        The index.
    choice : Choice or None
        The method; None: that of the index, which must be there then.
    grid : Grid or None
        Of the windows; None likewise.

    Raises
    ------
    StoreError
        When the index was made otherwise, or is damaged.
    DataError
        When the folder has no sounds.
    ParameterError
        When a window is too short for the method, or something is not named.
    """
    sounds = Path(folder)
    if is_index(into):
        index = Index(into)
        index.check(choice, grid)
        if index.sounds != sounds.resolve():
            raise ParameterError(
                f"{into}: is the index of {index.sounds}, not of {sounds.resolve()}; name another "
                "place: --into <folder>"
            )
        return index, index.choice.load()
    if choice is None or grid is None:
        raise ParameterError(f"{into}: there is no index yet, and no method to make it by")
    method = fitted(sounds, choice, grid)
    return Index.create(into, sounds=sounds, method=method, choice=choice, grid=grid), method


def fitted(folder: AnyPath, choice: Choice, grid: Grid) -> Method:
    """Return a method, loaded, and fitted on windows of a folder where it needs that.

    Parameters
    ----------
    folder : path
        The sounds.
    choice : Choice
        The method.
    grid : Grid
        Of the windows.

    Raises
    ------
    DataError
        When the folder has no sounds, or none that can be read.
    ParameterError
        When a window is too short for the method.
    """
    method = choice.load()
    check_window(method, grid)
    listing = list_sounds(folder)
    if isinstance(method, Statistics) and not method.is_fitted:
        method.fit(_sample(Path(folder), listing, method, grid))
    return method


def check_window(method: Method, grid: Grid) -> None:
    """Raise ParameterError when a window is shorter than a method can read."""
    if count_samples(grid.checked().window, method.sample_rate) < method.minimum:
        raise ParameterError(
            f"window={grid.window!r} s is too short for {method.title}: it needs "
            f"{method.minimum / method.sample_rate:.3g} s"
        )


def update(
    index: Index,
    method: Method,
    *,
    listing: Listing | None = None,
    n_threads: int | None = None,
) -> Report:
    """Bring an index up to date with its folder.

    A sound whose size and time of writing are those of the index is taken as unchanged; of one with
    the same size and another time the sha256 decides.

    Parameters
    ----------
    index : Index
        Held for writing meanwhile.
    method : Method
        That of the index.
    listing : Listing, optional
        Those of its folder's sounds that the index is to hold; all by default.
    n_threads : int, optional
        Threads that compute vectors; one a core by default.

    Returns
    -------
    Report

    Raises
    ------
    DataError
        When the folder is not there or holds no sound; the index stays as it was.
    RunError
        When another process writes the index.
    StoreError
        When the index is damaged, or the disk is full: what was written stays.
    """
    threads = check_positive_int("n_threads", n_threads or os.cpu_count() or 1)
    listing = listing or list_sounds(index.sounds)
    with index.writing():
        changes = compare(index, listing)
        tasks = changes.tasks
        report = Report(unread=[*listing.unread], dropped=changes.dropped)
        index.put(changes.touched)
        index.drop(changes.going)
        with ThreadPoolExecutor(threads) as pool:
            batches = _batches(index, method, tasks)
            _write(index, _computed(pool, method, batches, threads), tasks, report)
        if tasks or report.dropped:
            index.settle()
    return report


def compare(index: Index, listing: Listing) -> Changes:
    """Return what is to be done so that an index holds the sounds of a list, each as it is.

    Parameters
    ----------
    index : Index
        Is not written.
    listing : Listing
        Sounds of its folder. What it has below a path that could not be looked at stays.

    Returns
    -------
    Changes
    """
    known = index.files()
    rows: dict[str, Any] = {str(row.path): row for row in known.itertuples(index=False)}
    here = {sound.path for sound in listing.sounds}
    hidden = tuple(f"{unread.path}/" for unread in listing.unread)
    going = {
        row.file
        for path, row in rows.items()
        if row.windows < 0 or (path not in here and not path.startswith(hidden))
    }
    dropped = len(going)
    number = int(known["file"].max()) + 1 if len(known) else 0
    tasks, touched = [], []
    for sound in listing.sounds:
        row = rows.get(sound.path)
        again = row is not None and row.file not in going
        if row is not None and again:
            if _is_same(index.sounds, sound, row):
                if row.windows == BEGUN:
                    tasks.append(Task(row.file, sound, index.count(row.file), again=False))
                elif row.modified != sound.modified:
                    touched.append({**row._asdict(), "modified": sound.modified})
                continue
            going.add(row.file)
        tasks.append(Task(number, sound, 0, again))
        number += 1
    return Changes(tasks, sorted(going), touched, dropped)


def _is_same(folder: Path, sound: Sound, row: Any) -> bool:
    if row.size != sound.size or row.modified == sound.modified:
        return bool(row.size == sound.size)
    return bool(row.sha256) and sha256_of(folder / sound.path) == row.sha256


def _batches(index: Index, method: Method, tasks: list[Task]) -> Iterator[Batch]:
    """Yield the windows of sounds in batches, in order, decoding one sound after the other."""
    batch = Batch([], [], [], [])
    with bar(sum(task.sound.size for task in tasks), "index sounds", "B") as advance:
        for task in tasks:
            duration, n_windows, fault, shown = 0.0, 0, "", 0
            try:
                for window, share in _windows(index, task, method.sample_rate):
                    duration, n_windows = window.end, window.position + 1
                    moved = int(share * task.sound.size)
                    advance(moved - shown)
                    shown = moved
                    if window.position < task.written:
                        continue
                    batch.numbers.append(task.number)
                    batch.positions.append(window.position)
                    batch.waveforms.append(window.waveform)
                    if len(batch.numbers) == WINDOWS_A_BATCH:
                        yield batch
                        batch = Batch([], [], [], [])
            except UnreadableAudio as error:
                fault = f"{error.rule}: {error.detail}"
            except OSError as error:
                fault = error.strerror or str(error)
            advance(task.sound.size - shown)
            batch.ended.append(Ended(task, duration, n_windows, fault))
            if len(batch.ended) == WINDOWS_A_BATCH:  # of many sounds that cannot be read
                yield batch
                batch = Batch([], [], [], [])
        if batch.numbers or batch.ended:
            yield batch


def _windows(index: Index, task: Task, sample_rate: int) -> Iterator[tuple[Window, float]]:
    """Yield a sound's windows, each with the share of the sound that lies before its end."""
    with open_sound(index.sounds / task.sound.path) as stream:
        blocks = resampled(stream, sample_rate)
        for window in cut(blocks, index.grid, sample_rate=sample_rate):
            share = min(1.0, window.end / stream.duration) if stream.duration else 0.0
            yield window, share


def _computed(
    pool: ThreadPoolExecutor,
    method: Method,
    batches: Iterator[Batch],
    threads: int,
) -> Iterator[tuple[Batch, Float32]]:
    """Yield batches with their vectors, in order, a few being computed while others are decoded."""
    under_way: deque[tuple[Batch, Future[Float32]]] = deque()
    empty = np.zeros((0, method.dimension), np.float32)

    def compute(waveforms: list[Float32]) -> Float32:
        return method.vectors(np.stack(waveforms)) if waveforms else empty

    for batch in batches:
        under_way.append((batch, pool.submit(compute, batch.waveforms)))
        if len(under_way) > BATCHES_A_THREAD * threads:
            done, future = under_way.popleft()
            yield done, future.result()
    for done, future in under_way:
        yield done, future.result()


def _write(
    index: Index,
    computed: Iterator[tuple[Batch, Float32]],
    tasks: list[Task],
    report: Report,
) -> None:
    """Write what was computed, many windows at a time."""
    by_number = {task.number: task for task in tasks}
    begun = {task.number for task in tasks if task.written}
    batches: list[tuple[Batch, Float32]] = []
    waiting = 0
    for batch, vectors in computed:
        batches.append((Batch(batch.numbers, batch.positions, [], batch.ended), vectors))
        waiting += len(vectors) + len(batch.ended)
        if waiting >= WINDOWS_A_WRITE:
            _write_some(index, batches, by_number, begun, report)
            batches, waiting = [], 0
    _write_some(index, batches, by_number, begun, report)


def _write_some(
    index: Index,
    batches: list[tuple[Batch, Float32]],
    tasks: dict[int, Task],
    begun: set[int],
    report: Report,
) -> None:
    """Write the rows of some batches in the order that the index asks for."""
    numbers = [number for batch, _ in batches for number in batch.numbers]
    positions = [position for batch, _ in batches for position in batch.positions]
    ended = [end for batch, _ in batches for end in batch.ended]
    new = sorted({*numbers} - begun)
    index.put([_row(tasks[number].sound, number) for number in new])
    begun |= {*new}
    if numbers:
        index.add(numbers, positions, np.concatenate([vectors for _, vectors in batches]))
    report.windows += len(numbers)
    whole, broken = [], []
    for end in ended:
        row, fault = _ended_row(index.sounds, end)
        if fault:
            report.unread.append(Unread(end.task.sound.path, fault))
            broken.append(end.task.number)
        else:
            whole.append(row)
            report.seconds += end.duration
            report.changed += end.task.again
            report.added += not end.task.again
    index.put(whole)
    index.drop([number for number in broken if number in begun])


def _ended_row(folder: Path, end: Ended) -> tuple[dict[str, object], str]:
    """Return the row of a sound that was read, or why it has none."""
    sound, path = end.task.sound, folder / end.task.sound.path
    if end.fault:
        return {}, end.fault
    try:
        digest, status = sha256_of(path), path.stat()
    except OSError as error:
        return {}, error.strerror or str(error)
    if (status.st_size, status.st_mtime_ns) != (sound.size, sound.modified):
        return {}, "was written to while it was read; call again"
    row = _row(sound, end.task.number)
    return {**row, "sha256": digest, "duration": end.duration, "windows": end.windows}, ""


def _row(sound: Sound, number: int) -> dict[str, object]:
    """Return the row of a sound that is begun."""
    blank = {"sha256": "", "duration": 0.0, "windows": BEGUN}
    return {"file": number, **sound._asdict(), **blank}


def _sample(folder: Path, listing: Listing, method: Statistics, grid: Grid) -> Float64:
    """Return what a method makes of windows of sounds that are spread evenly over a folder."""
    sounds, found, faults = listing.sounds, [], []
    spread = np.linspace(0, len(sounds) - 1, min(len(sounds), FITTED_ON)).astype(int)
    each = -(-FITTED_ON // len(spread))
    for place in spread:
        try:
            with open_sound(folder / sounds[place].path) as stream:
                blocks = resampled(stream, method.sample_rate)
                windows = cut(blocks, grid, sample_rate=method.sample_rate)
                for window, _ in zip(windows, range(each), strict=False):
                    found.append(method.raw(window.waveform[np.newaxis]))
        except (UnreadableAudio, OSError) as error:
            faults.append(str(error))
    if not found:
        raise DataError(f"{folder}: no sound here can be read; the first: {faults[0]}")
    return np.concatenate(found)
