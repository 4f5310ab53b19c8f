"""Command line: ``resound <command>``.

A command is a module of `resound.commands` with ``add_arguments(parser)`` and ``run(arguments)``,
which returns the exit status, and one line in `COMMANDS`.
"""

import argparse
import errno
import importlib
import io
import os
import signal
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

SIGNALLED = 128  # plus its number is what a shell says of a program that a signal has ended
# What a pipe or a disk says that takes no more of standard output.
REFUSALS = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


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
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # a name need not be text
        status = int(_module(parsed.command).run(parsed))
        sys.stdout.flush()
    except ResoundError as error:
        print(f"resound {parsed.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return SIGNALLED + signal.SIGINT
    except OSError as error:
        if error.errno not in REFUSALS or error.filename is not None:
            raise
        _forget_output()
        if error.errno == errno.EPIPE:  # whoever read it has enough
            return SIGNALLED + signal.SIGPIPE
        told = f"standard output cannot be written ({error.strerror})"
        print(f"resound {parsed.command}: {told}", file=sys.stderr)
        return 1
    return status


def _forget_output() -> None:
    """Let what could not be written go nowhere, or the interpreter tries again when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _module(command: str) -> Any:
    return importlib.import_module(f"resound.commands.{command}")


if __name__ == "__main__":
    sys.exit(main())
