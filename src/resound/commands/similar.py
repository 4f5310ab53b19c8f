"""``resound similar``: the clips that sound like a recording, or like words."""

import argparse
import os
from pathlib import Path

from tabulate import tabulate

from resound.audio.reading import UnreadableAudio
from resound.commands.configs import add_config, making, read_plan
from resound.errors import DataError, ParameterError, StoreError
from resound.experiment.coordinates import Run
from resound.experiment.plan import Plan
from resound.query_by_example import bank_path, find_described, find_similar, method, methods

BY, HITS = "dtw/mfcc", 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command can be told."""
    parser.add_argument(
        "sound", nargs="?", help="the recording, of which the first audio.duration seconds count"
    )
    parser.add_argument(
        "--text",
        metavar="WORDS",
        help='what the sound is, in place of a recording: "dog barking in the rain"; an encoder '
        "that reads words compares it",
    )
    parser.add_argument(
        "--by",
        metavar="METHOD",
        help="how it is compared, as --list writes it, or the beginning of that (default: "
        f"{BY}; with --text the first that reads words)",
    )
    parser.add_argument(
        "-k", type=int, default=HITS, metavar="N", help=f"clips to find (default: {HITS})"
    )
    parser.add_argument("--list", action="store_true", help="list the methods and end")
    parser.add_argument("--csv", action="store_true", help="print CSV")
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the nearest clips of a recording, or the methods."""
    if (arguments.sound is None) == (arguments.text is None) and not arguments.list:
        raise ParameterError(
            "name a recording: `resound similar <file>`, before options that take several words, "
            'or say what it is: `resound similar --text "a dog barks"`; --list has the methods'
        )
    plan = read_plan(arguments)
    if arguments.list:
        return _list(plan)
    chosen = _method(plan, arguments)
    bank = bank_path(plan, chosen)
    if not bank.is_file():
        raise StoreError(f"{bank}: there is no such bank yet; `{making(bank, arguments)}` makes it")
    threads = os.cpu_count() or 1
    try:
        if arguments.text is None:
            hits = find_similar(arguments.sound, plan, chosen, k=arguments.k, n_threads=threads)
        else:
            hits = find_described(arguments.text, plan, chosen, k=arguments.k, n_threads=threads)
    except UnreadableAudio as error:
        told = f"{error.path}: {error.rule}: {error.detail}; give another recording"
        raise DataError(told) from error
    hits["file"] = [str(Path(plan.config["data_root"], file)) for file in hits["file"]]
    if arguments.csv:
        print(hits.to_csv(index=False), end="")
        return 0
    hits["distance"] = hits["distance"].map("{:.4g}".format)
    print(f"{arguments.text or arguments.sound} by {chosen.distance}/{chosen.bank.source}\n")
    columns = ("right", "right", "left", "left", "left")
    rows = hits.to_numpy().tolist()
    print(tabulate(rows, [*hits.columns], disable_numparse=True, colalign=columns))
    return 0


def _method(plan: Plan, arguments: argparse.Namespace) -> Run:
    if arguments.text is None:
        return method(plan, arguments.by or BY)
    return method(plan, arguments.by or "", of_words=True)


def _list(plan: Plan) -> int:
    for name, found in methods(plan).items():
        made = bank_path(plan, found).is_file()
        print(name if made else f"{name}   (not made yet)")
    return 0
