"""The frame around the one call of every script of the workflow: its log, and how it ends."""

import contextlib
import logging
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from resound.errors import ResoundError

DECIDES_NO_NUMBER = "A script's own object passes through; the rest is its log and how it ends."


@contextlib.contextmanager
def job(snakemake: Any) -> Iterator[Any]:
    """Send what a script prints to its log, and end it with a message when something is wrong.

    An error of resound's own type is a matter for the user: its message alone goes to the log,
    which Snakemake shows. Details that the message has no room for go to a file beside the log,
    ``<log>.details.txt``. Any other error is a fault of ours and keeps its traceback. What the
    package logs as a warning goes to the log and to the terminal.

    Yields
    ------
    object
        The `snakemake` object itself, so that a script reads ``with job(snakemake) as this:``.
    """
    log = Path(snakemake.log[0])
    full = log.with_suffix(".details.txt")
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        full.unlink(missing_ok=True)
        # A name in another encoding must not hide what is said of it.
        with log.open("w", buffering=1, encoding="utf-8", errors="backslashreplace") as file:
            try:
                with _output_to(file):
                    yield snakemake
            except ResoundError as error:
                file.write(f"{type(error).__name__}: {error}\n{_written(error.details, full)}")
                sys.exit(1)
            except Exception:
                traceback.print_exc(file=file)
                sys.exit(1)
    except OSError as error:  # the log could not take the message
        sys.exit(f"{log}: cannot be written ({error.strerror}); free some space and run again")


def _written(details: Sequence[str], path: Path) -> str:
    """Write the details of an error to `path`, and say so."""
    if not details:
        return ""
    lines = "".join(f"{line}\n" for line in details)
    path.write_text(lines, encoding="utf-8", errors="backslashreplace")
    return f"all {len(details)} are in {path}\n"


@contextlib.contextmanager
def _output_to(file: TextIO) -> Iterator[None]:
    streams = [file] if sys.__stderr__ is None else [file, sys.__stderr__]
    handlers = [logging.StreamHandler(stream) for stream in streams]
    logger = logging.getLogger("resound")
    with contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
        for handler in handlers:
            logger.addHandler(handler)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("default")
                yield
        finally:
            for handler in handlers:
                logger.removeHandler(handler)
