"""Which runs of the workflow are alive: locks that end with the process that holds them.

Snakemake's locks are plain files. They outlive a run that was killed, and then stand in the way of
the next one. So a run holds two locks of the operating system beside them, which no dead process
can hold: one on its working folder, shared with all runs there, and one on its results, for itself
alone. Whoever gets the folder's lock for itself alone knows that no run is alive there, and that
Snakemake's files are left over.

Where the file system keeps no such locks, Snakemake's own files are all there is.
"""

import fcntl
import os
import platform
from datetime import datetime
from pathlib import Path
from typing import Self, TextIO

from resound.errors import RunError
from resound.files import is_alive

DECIDES_NO_NUMBER = "It tells which runs are alive; no job asks it."

STATE = ".snakemake"
SNAKEMAKE_LOCKS = "locks/*.lock"
FOLDER_LOCK = "resound.lock"
RESULTS_LOCK = ".run.lock"


class Presence:
    """A run in a working folder, known to others until it is closed or its process ends.

    Parameters
    ----------
    folder : pathlib.Path
        Where Snakemake runs.

    Attributes
    ----------
    others : list of str
        The runs that may be alive there besides this one.
    cleared : list of pathlib.Path
        Snakemake's locks that killed runs had left and that are deleted now. Nothing is deleted
        while a run is alive, nor when the last one was started on another machine: not every
        network file system tells one machine of the locks of another.
    """

    def __init__(self, folder: Path) -> None:
        self.others: list[str] = []
        self.cleared: list[Path] = []
        self._files: list[TextIO] = []
        state = folder / STATE
        try:
            state.mkdir(exist_ok=True)
            shared = self._opened(state / FOLDER_LOCK)
        except OSError:  # Snakemake writes there too, and says what is wrong
            return
        known = _content(shared).splitlines()
        if _locked(shared, fcntl.LOCK_EX, if_unknown=False):
            self.cleared = _clear(state) if all(map(_is_from_here, known)) else []
            shared.truncate(0)
        else:
            self.others = [line for line in known if not (_is_from_here(line) and _is_over(line))]
        _write(shared, f"{_signature()}\n")
        _locked(shared, fcntl.LOCK_SH, if_unknown=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def claim(self, results: Path) -> None:
        """Take ``results_dir`` for this run alone; it is made when it is absent.

        Raises
        ------
        RunError
            When another run is at work on it, or it cannot be written.
        """
        try:
            results.mkdir(parents=True, exist_ok=True)
            own = self._opened(results / RESULTS_LOCK)
        except OSError as error:
            raise RunError(
                f"results_dir={results} cannot be written ({error.strerror}); make it writable, "
                "or set another results_dir"
            ) from error
        if not _locked(own, fcntl.LOCK_EX, if_unknown=True):
            raise RunError(
                f"results_dir={results}: another run is at work there, {_content(own)}; "
                "wait until it has ended, or stop it and run again"
            )
        own.truncate(0)
        _write(own, _signature())

    def _opened(self, path: Path) -> TextIO:
        self._files.append(path.open("a+", encoding="utf-8"))
        return self._files[-1]


def _clear(state: Path) -> list[Path]:
    left = sorted(state.glob(SNAKEMAKE_LOCKS))
    for path in left:
        path.unlink()
    return left


def _locked(file: TextIO, kind: int, *, if_unknown: bool) -> bool:
    """Take a lock; False: another process is in the way. The file system may keep no locks."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return if_unknown
    return True


def _signature() -> str:
    now = datetime.now().astimezone().isoformat(" ", "seconds")
    return f"process {os.getpid()} on {platform.node()} since {now}"


def _is_from_here(signature: str) -> bool:
    return f" on {platform.node()} since " in signature


def _is_over(signature: str) -> bool:
    return not is_alive(int(signature.split()[1]))


def _content(file: TextIO) -> str:
    file.seek(0)
    return file.read()


def _write(file: TextIO, text: str) -> None:
    file.write(text)
    file.flush()
