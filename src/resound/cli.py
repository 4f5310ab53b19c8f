"""Command line: ``resound <command>``.

A command is a module of `resound.commands` with ``add_arguments(parser)`` and ``run(arguments)``,
which returns the exit status, and one line in `COMMANDS`.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Any

from resound.errors import ResoundError

# What each command does, for --help; its module is imported when it is called.
COMMANDS = {
    "detect": "find in your own recordings what a head learned from your marks",
    "index": "index a folder of your own recordings, so that they can be searched",
    "results": "print what a run of the workflow has found, method by method",
    "search": "find the places in your own recordings that sound like this one",
    "serve": "open a page to search your own recordings and mark what is right",
    "show": "open the page of an experiment in the browser",
    "similar": "find the clips that sound like a recording of your own",
    "weights": "list the encoders' weights: whether they are here, and where to get them",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command of the command line and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="resound", description="Commands of resound.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, about in COMMANDS.items():
        command = commands.add_parser(name, help=about, description=about)
        if name in given[:1]:
            _module(name).add_arguments(command)
    parsed = parser.parse_args(given)
    try:
        return int(_module(parsed.command).run(parsed))
    except ResoundError as error:
        print(f"resound {parsed.command}: {error}", file=sys.stderr)
        return 1


def _module(command: str) -> Any:
    return importlib.import_module(f"resound.commands.{command}")


if __name__ == "__main__":
    sys.exit(main())
