"""``resound detect``: the places in one's own recordings that a saved head takes as right."""

import argparse
from pathlib import Path

from resound.commands.hits import add_form, show
from resound.commands.sounds import add_index, add_method, indexed_by, opened
from resound.searching.detecting import detect
from resound.searching.heads import load

ABOUT_PROBABILITY = (
    "A head is what the page of `resound serve` saves of the marks. Probability is that of a world "
    "with as many right windows as wrong ones: it orders places, and does not say how many of them "
    "are right."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command can be told."""
    parser.epilog = ABOUT_PROBABILITY
    add_index(parser)
    parser.add_argument(
        "--head", required=True, metavar="NAME", help="a head that was saved with the index"
    )
    parser.add_argument(
        "--over",
        type=Path,
        metavar="FOLDER",
        help="look through another folder of sounds, whose index is made or brought up to date in "
        "the user's cache, by the method and the windows of the first",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="P",
        help="least probability (default: what parted the marks of the head best)",
    )
    add_form(parser)
    add_method(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the places that a head takes as right."""
    index, _ = opened(arguments)
    head = load(index, arguments.head)
    searched = index
    if arguments.over is not None:
        searched = indexed_by(index, arguments.over, arguments)
    threshold = head.threshold if arguments.threshold is None else arguments.threshold
    hits = detect(searched, head, threshold=threshold)
    about = {"index": str(searched.folder), "head": arguments.head, "threshold": threshold}
    show(hits, arguments, about)
    return 0
