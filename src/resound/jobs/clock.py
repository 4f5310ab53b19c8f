"""Time stamps in the future, of files that were made while a clock was wrong, or copied so.

Snakemake refuses an output that is older than an input, and deletes it: below such a stamp no job
can ever succeed.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from resound.errors import RunError

DECIDES_NO_NUMBER = "It changes when files were written, and not what is in them."

# Between two files that keep their order; file systems round stamps.
STEP_NS = 1_000_000


def bring_to_now(folder: Path, apart: Path | None = None) -> int:
    """Date back what is dated in the future below a folder, in the order in which it is.

    Parameters
    ----------
    folder : pathlib.Path
        All files and folders below it are looked at; links are left to where they lead.
    apart : pathlib.Path, optional
        What lies here is left alone, as a data set below the results.

    Returns
    -------
    int
        How many stamps were changed.

    Raises
    ------
    RunError
        When a stamp cannot be changed.
    """
    now = time.time_ns()
    found = sorted((when, path) for path, when in _stamps(folder, apart) if when > now)
    for place, (_, path) in enumerate(found):
        when = now - STEP_NS * (len(found) - place)
        try:
            os.utime(path, ns=(when, when))
        except OSError as error:
            raise RunError(
                f"{path}: its time stamp lies in the future and cannot be changed "
                f"({error.strerror}); `touch` it as its owner and run again"
            ) from error
    return len(found)


def _stamps(folder: Path, apart: Path | None) -> Iterator[tuple[str, int]]:
    skipped = apart and os.path.realpath(apart)
    for entry in os.scandir(folder):
        if entry.is_symlink() or (skipped and os.path.realpath(entry) == skipped):
            continue
        if entry.is_dir():
            yield from _stamps(Path(entry), apart)
        yield entry.path, entry.stat().st_mtime_ns
