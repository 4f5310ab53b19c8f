"""``resound index``: the sounds of a folder, so that they can be searched."""

import argparse
from pathlib import Path

from resound.commands.sounds import add_method, cache_of, indexed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command can be told."""
    parser.add_argument("folder", type=Path, help="the sounds: any formats, at any depth")
    parser.add_argument(
        "--into",
        type=Path,
        metavar="INDEX",
        help="folder of the index (default: one in the user's cache, which `resound search "
        "<folder>` finds)",
    )
    add_method(parser)


def run(arguments: argparse.Namespace) -> int:
    """Make the index of a folder, or bring it up to date; stopped, it goes on when called again."""
    folder = arguments.folder
    indexed(folder, arguments.into or cache_of(folder), arguments)
    return 0
