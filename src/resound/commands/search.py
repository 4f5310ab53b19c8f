"""``resound search``: the places in one's own recordings that sound like this one."""

import argparse
import json
from pathlib import Path

import pandas as pd
from tabulate import tabulate

from resound.audio import UnreadableAudio
from resound.commands.sounds import (
    add_method,
    asked_choice,
    asked_grid,
    cache_of,
    clock,
    indexed,
    seconds_of,
    threads_of,
    told,
)
from resound.errors import DataError, ParameterError, check_positive_int
from resound.files import write_text
from resound.searching.asking import ask, of_words, read_query
from resound.searching.index import Index, is_index
from resound.searching.labels import FORMATS, as_labels
from resound.searching.methods import Method
from resound.searching.refining import FIRST_HITS as REFINED
from resound.searching.refining import refined
from resound.searching.reranking import FIRST_HITS, by_dtw

HITS = 20
ABOUT_SIMILARITY = (
    "Similarity is (1 + cos) / 2 of the vectors of two windows, by every method: 1 is the same "
    "direction, 0.5 nothing in common, 0 the opposite. Values of different methods do not compare."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command can be told."""
    parser.epilog = ABOUT_SIMILARITY
    parser.add_argument(
        "index",
        type=Path,
        help="an index that `resound index` made; or a folder of sounds, whose index is made or "
        "brought up to date in the user's cache",
    )
    parser.add_argument("query", nargs="?", type=Path, help="the recording that is looked for")
    parser.add_argument(
        "--text", metavar="WORDS", help="words in its place, by an encoder that reads them: clap"
    )
    parser.add_argument(
        "--from",
        dest="start",
        type=seconds_of,
        metavar="TIME",
        help="where in the recording the sound begins: 1:23, or seconds",
    )
    parser.add_argument("--to", dest="stop", type=seconds_of, metavar="TIME", help="and ends")
    parser.add_argument(
        "-k", type=int, default=HITS, metavar="N", help=f"hits to find (default: {HITS})"
    )
    parser.add_argument("--per-file", type=int, metavar="N", help="most hits of one sound")
    parser.add_argument(
        "--rerank",
        choices=["dtw"],
        help="order the first hundred hits by exact subsequence DTW on MFCC frames: all of the "
        "query's window against any stretch of the hit's and a hop around it; `offset` says where "
        "that begins, from `start`",
    )
    parser.add_argument(
        "--coarse",
        action="store_true",
        help="leave the hits at the windows of the index: do not read the sounds of the first "
        "twenty again to find their best places between windows",
    )
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
    add_method(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the places that sound like a recording, or like words."""
    if (arguments.query is None) == (arguments.text is None):
        raise ParameterError(
            "name a recording: `resound search <index> <recording>`, or say what it is: "
            '`resound search <index> --text "a dog barks"`'
        )
    index, method = _opened(arguments)
    try:
        hits = _found(arguments, index, method)
    except UnreadableAudio as error:
        raise DataError(f"{error.path}: {error.rule}: {error.detail}; name another") from error
    _show(hits, arguments, method)
    return 0


def _opened(arguments: argparse.Namespace) -> tuple[Index, Method]:
    place = arguments.index
    if is_index(place) or not place.is_dir():
        index = Index(place)
        index.check(asked_choice(arguments), asked_grid(arguments, index.grid))
        return index, index.choice.load()
    index, method, _ = indexed(place, cache_of(place), arguments)
    return index, method


def _found(arguments: argparse.Namespace, index: Index, method: Method) -> pd.DataFrame:
    limits = {"k": check_positive_int("k", arguments.k, "hits"), "per_file": arguments.per_file}
    if arguments.text is not None:
        if arguments.rerank or arguments.start is not None or arguments.stop is not None:
            raise ParameterError("--rerank, --from and --to need a recording, not --text")
        return ask(index, of_words(arguments.text, method), **limits)
    query = read_query(
        arguments.query, method, index.grid, start=arguments.start or 0.0, stop=arguments.stop
    )
    threads = threads_of(arguments)
    if arguments.rerank:
        first = ask(index, query, **{**limits, "k": max(FIRST_HITS, arguments.k)})
        hop, stretches = index.grid.hop, query.stretches
        first = by_dtw(first, arguments.query, stretches, hop=hop, n_threads=threads)
    else:
        first = ask(index, query, **{**limits, "k": max(REFINED, arguments.k)})
        if not arguments.coarse:
            first = refined(first, query, method, index.grid, n_threads=threads)
    return first.head(arguments.k)


def _show(hits: pd.DataFrame, arguments: argparse.Namespace, method: Method) -> None:
    hits = hits.drop(columns="asked")
    if arguments.labels == "audacity" and arguments.output:
        _label_each(hits, arguments.output)
        return
    if arguments.labels:
        text = as_labels(hits, arguments.labels)
    elif arguments.csv:
        text = hits.to_csv(index=False, lineterminator="\n")
    elif arguments.json:
        about = {"index": str(arguments.index), "method": method.title}
        asked = {"query": arguments.text or str(arguments.query)}
        record = {**about, **asked, "hits": hits.to_dict("records")}
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
    for name, form in (("similarity", "{:.3f}"), ("distance", "{:.4g}")):
        if name in shown:
            shown[name] = shown[name].map(form.format)
    columns = [str(name) for name in shown if name != "file"] + ["file"]
    rows = shown[columns].to_numpy().tolist()
    align = ["left" if name == "file" else "right" for name in columns]
    return tabulate(rows, columns, disable_numparse=True, colalign=align if rows else None)
