"""``resound search``: the places in one's own recordings that sound like this one."""

import argparse
from pathlib import Path

import pandas as pd

from resound.audio.reading import UnreadableAudio
from resound.commands.hits import add_form, show
from resound.commands.sounds import add_index, add_method, opened, seconds_of, threads_of
from resound.errors import DataError, ParameterError, check_positive_int
from resound.searching.asking import ask, of_words, read_query
from resound.searching.index import Index
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
    add_index(parser)
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
    add_form(parser)
    add_method(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the places that sound like a recording, or like words."""
    if (arguments.query is None) == (arguments.text is None):
        raise ParameterError(
            "name a recording: `resound search <index> <recording>`, or say what it is: "
            '`resound search <index> --text "a dog barks"`'
        )
    index, method = opened(arguments)
    try:
        hits = _found(arguments, index, method)
    except UnreadableAudio as error:
        raise DataError(f"{error.path}: {error.rule}: {error.detail}; name another") from error
    about = {"index": str(arguments.index), "method": method.title}
    show(hits, arguments, {**about, "query": arguments.text or str(arguments.query)})
    return 0


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
