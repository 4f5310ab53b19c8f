"""Folders of sounds and their indexes, as the commands that read them name them."""

import argparse
import os
import sys
from pathlib import Path

from resound.provenance import spec_digest
from resound.searching.index import Index, is_index
from resound.searching.indexing import Report, open_or_create, update
from resound.searching.methods import Choice, Method, choose
from resound.searching.windows import Grid

GRID = Grid(window=5.0, hop=2.5)
HOUR, MINUTE = 3600, 60


def add_index(parser: argparse.ArgumentParser) -> None:
    """Declare the index that is read, or the folder of sounds whose index is."""
    parser.add_argument(
        "index",
        type=Path,
        help="an index that `resound index` made; or a folder of sounds, whose index is made or "
        "brought up to date in the user's cache",
    )


def add_method(parser: argparse.ArgumentParser) -> None:
    """Declare how windows are cut and compared."""
    parser.add_argument(
        "--by",
        metavar="METHOD",
        help="family of encoders (efficientat, beats, clap, ast, transformers, onnx) or feature "
        "(mfcc, lfcc, mel, ...: mean and deviation over the frames of a window, standardised); "
        "default: that of the index, or for a new one the best that works without a download",
    )
    parser.add_argument(
        "--weights", metavar="SOURCE", help="path, hub id or URL of the encoder's weights"
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the encoder or the feature, and of a feature sample_rate, n_fft, hop_length",
    )
    parser.add_argument(
        "--window", type=float, metavar="S", help=f"seconds of a window (default: {GRID.window})"
    )
    parser.add_argument(
        "--hop", type=float, metavar="S", help=f"seconds from one to the next (default: {GRID.hop})"
    )
    parser.add_argument(
        "--threads", type=int, metavar="N", help="threads to compute on (default: one a core)"
    )


def asked_choice(arguments: argparse.Namespace) -> Choice | None:
    """Return the method that the options name; None where they name none."""
    if (arguments.by, arguments.weights, arguments.option) == (None, None, []):
        return None
    return choose(arguments.by, weights=arguments.weights, options=arguments.option)


def asked_grid(arguments: argparse.Namespace, otherwise: Grid) -> Grid:
    """Return the grid that the options name; what they leave out is as in another."""
    window = otherwise.window if arguments.window is None else arguments.window
    hop = arguments.hop
    if hop is None:
        hop = otherwise.hop if arguments.window is None else window / 2
    return Grid(window, hop).checked()


def opened(arguments: argparse.Namespace) -> tuple[Index, Method]:
    """Return the index that is named, or that of the folder of sounds that is, with its method."""
    place = arguments.index
    if is_index(place) or not place.is_dir():
        index = Index(place)
        index.check(asked_choice(arguments), asked_grid(arguments, index.grid))
        return index, index.choice.load()
    index, method, _ = indexed(place, cache_of(place), arguments)
    return index, method


def indexed_by(other: Index, folder: Path, arguments: argparse.Namespace) -> Index:
    """Make the index of a folder by the method and windows of another, or bring it up to date.

    It lies in the user's cache, apart from those of the same folder by other methods.
    """
    about = [other.choice.spec, other.grid.window, other.grid.hop]
    into = cache_of(folder, *about)
    index, method = open_or_create(folder, into, other.choice, other.grid)
    _updated(index, method, folder, arguments)
    return index


def indexed(
    folder: Path, into: Path, arguments: argparse.Namespace
) -> tuple[Index, Method, Report]:
    """Make the index of a folder, or bring it up to date, and tell about it on stderr."""
    choice = asked_choice(arguments)
    if is_index(into):
        grid = asked_grid(arguments, Index(into).grid)
    else:
        grid, choice = asked_grid(arguments, GRID), choice or choose(None)
    index, method = open_or_create(folder, into, choice, grid)
    note = choice.note if choice is not None else ""
    return index, method, _updated(index, method, folder, arguments, note)


def _updated(
    index: Index, method: Method, folder: Path, arguments: argparse.Namespace, note: str = ""
) -> Report:
    """Bring an index up to date, and tell about it."""
    into = index.folder
    told(f"{folder}: indexed in {into}\nby {method.title}; {method.dimension} numbers a window")
    if note:
        told(note)
    report = update(index, method, n_threads=arguments.threads)
    for unread in report.unread:
        told(f"not read: {unread.path}: {unread.reason}")
    told(_summary(index, report))
    return report


def cache_of(folder: Path, *about: object) -> Path:
    """Return where the index of a folder lies in the user's cache, and one made in a given way."""
    from platformdirs import user_cache_path

    whole = folder.resolve()
    digest = spec_digest(str(whole), *about)
    return user_cache_path("resound") / "indexes" / f"{whole.name}-{digest}"


def told(text: str) -> None:
    """Say something to the person, beside what is printed for programs."""
    print(text, file=sys.stderr)


def threads_of(arguments: argparse.Namespace) -> int:
    """Return how many threads to use."""
    return arguments.threads or os.cpu_count() or 1


def clock(seconds: float) -> str:
    """Return a time as people write it.

    >>> clock(83.5), clock(3723.0)
    ('1:23.5', '1:02:03.0')
    """
    tenths = round(seconds * 10)
    hours, rest = divmod(tenths, 10 * HOUR)
    minutes, rest = divmod(rest, 10 * MINUTE)
    text = f"{rest / 10:04.1f}"
    return f"{hours}:{minutes:02}:{text}" if hours else f"{minutes}:{text}"


def seconds_of(text: str) -> float:
    """Return the seconds of a time as people write it, for argparse.

    >>> seconds_of("1:23"), seconds_of("83.5"), seconds_of("1:02:03")
    (83.0, 83.5, 3723.0)
    """
    seconds = 0.0
    for part in text.split(":"):
        seconds = seconds * MINUTE + float(part)
    if not 0 <= seconds < float("inf"):
        raise ValueError(text)
    return seconds


def _summary(index: Index, report: Report) -> str:
    done = f"{report.added} new, {report.changed} changed, {report.dropped} gone"
    if report.unread:
        done += f", {len(report.unread)} not read"
    rows = f"{index.count():,} windows in all"
    if index.approximate:
        rows += f"; approximate search, recall@20 {index.approximate.recall:.3f}"
    return f"{done}; {clock(report.seconds)} of sound read; {rows}"
