"""Locks of runs, which end with the process that holds them, and so tell which runs are alive.

Snakemake's own locks outlive a run that was killed, and then stand in the way of the next one; that
the run is dead they cannot tell. So a run holds two locks of the operating system beside them,
which no dead process can hold: one on its working folder, shared with all runs there, and one on
its results, for itself alone. Whoever gets the folder's lock for itself alone knows that no run is
alive there. Snakemake's are left to ``snakemake --unlock``, and `LockNotice` says when it is safe.

The locks are `fcntl.flock` and not the package filelock: its shared lock stands on SQLite, which
network file systems break, or on a file that outlives a kill, and cannot be tried for alone.
"""

import fcntl
import logging
import os
import platform
import shlex
import sys
from collections.abc import Sequence
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
CANNOT_LOCK = "Directory cannot be locked"  # Snakemake's words, of a run and of a dry run


class Presence:
    """A run in a working folder, known to others until it is closed or its process ends.

    Parameters
    ----------
    folder : pathlib.Path
        Where Snakemake runs.

    Attributes
    ----------
    others : list of str
        The runs that were alive there when this one began.
    """

    def __init__(self, folder: Path) -> None:
        self.others: list[str] = []
        self._files: list[TextIO] = []
        self._shared: TextIO | None = None
        self._state = folder / STATE
        try:
            self._state.mkdir(exist_ok=True)
            self._shared = self._opened(self._state / FOLDER_LOCK)
        except OSError:  # Snakemake writes there too, and says what is wrong
            return
        if _locked(self._shared, fcntl.LOCK_EX):
            kept = self._of_other_machines()
            self._shared.truncate(0)
            _write(self._shared, "".join(f"{line}\n" for line in kept))
        else:
            self.others = _possibly_alive(self._shared)
        _write(self._shared, f"{_signature()}\n")
        _locked(self._shared, fcntl.LOCK_SH)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def claim(self, results: Path) -> None:
        """Take ``results_dir`` for this run alone; it is made when it is absent.

        Where the file system keeps no locks, Snakemake's are all there is.

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
        if _locked(own, fcntl.LOCK_EX) is False:
            raise RunError(
                f"results_dir={results}: another run is at work there, {_content(own)}; "
                "wait until it has ended, or stop it and run again"
            )
        own.truncate(0)
        _write(own, _signature())

    def of_locks(self, unlock: str) -> str:
        """Say what Snakemake's locks mean at this moment, and what to do.

        Parameters
        ----------
        unlock : str
            The command that deletes them.
        """
        alone, others = self._look()
        named = f": {'; '.join(others)}" if others else ""
        if alone is False:
            return (
                f"Another run is at work in this folder{named}. "
                "Wait until it has ended, or stop it, and run again. Do not unlock."
            )
        if alone is None or others:
            return (
                "Another run has locked this folder, and from here it cannot be told whether it is "
                f"alive{named}. If you know that it is not, delete its locks by\n    {unlock}\n"
                "and run the same command again."
            )
        return (
            "A killed run has left its locks. No run is alive in this folder: delete them by\n"
            f"    {unlock}\nand run the same command again; it goes on where the killed one was."
        )

    def _look(self) -> tuple[bool | None, list[str]]:
        """Say whether this run is alone, None where that cannot be told, and who may be there."""
        if self._shared is None:
            return None, []
        # Asked now, not at the start: of two runs that begin at once, each may first be alone.
        alone = _locked(self._shared, fcntl.LOCK_EX)
        others = self._of_other_machines() if alone else _possibly_alive(self._shared)
        _locked(self._shared, fcntl.LOCK_SH)
        return alone, others

    def _of_other_machines(self) -> list[str]:
        """Return the runs of other machines, of whose locks a network file system may not tell.

        Without a lock of Snakemake's they have ended.
        """
        if self._shared is None or not any(self._state.glob(SNAKEMAKE_LOCKS)):
            return []
        return [line for line in _content(self._shared).splitlines() if not _is_from_here(line)]

    def _opened(self, path: Path) -> TextIO:
        self._files.append(path.open("a+", encoding="utf-8"))
        return self._files[-1]


class LockNotice(logging.Filter):
    """Puts what Snakemake's locks mean in the place of its error that they are there.

    Parameters
    ----------
    presence : Presence
        The run that finds them.
    """

    def __init__(self, presence: Presence) -> None:
        super().__init__()
        self.presence = presence

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell every record, that of the locks in other words."""
        if CANNOT_LOCK in record.getMessage():
            record.msg, record.args = self.presence.of_locks(unlock_command(sys.argv)), ()
        return True


def unlock_command(arguments: Sequence[str]) -> str:
    """Return the command that deletes Snakemake's locks: that of this run, with ``--unlock``.

    Parameters
    ----------
    arguments : sequence of str
        As in `sys.argv`.

    Examples
    --------
    >>> unlock_command(["snakemake", "--cores", "2"])
    'snakemake --cores 2 --unlock'
    """
    program, *rest = arguments
    called = [program] if Path(program).name == "snakemake" else [sys.executable, "-m", "snakemake"]
    return shlex.join([*called, *rest, "--unlock"])


def _possibly_alive(shared: TextIO) -> list[str]:
    """Return the other runs that a folder's lock names, save those that are known to be over."""
    return [
        line
        for line in _content(shared).splitlines()
        if not (_is_from_here(line) and (_process(line) == os.getpid() or _is_over(line)))
    ]


def _locked(file: TextIO, kind: int) -> bool | None:
    """Take a lock; False: another process is in the way. None: the file system keeps no locks."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _signature() -> str:
    now = datetime.now().astimezone().isoformat(" ", "seconds")
    return f"process {os.getpid()} on {platform.node()} since {now}"


def _is_from_here(signature: str) -> bool:
    return f" on {platform.node()} since " in signature


def _process(signature: str) -> int:
    return int(signature.split()[1])


def _is_over(signature: str) -> bool:
    return not is_alive(_process(signature))


def _content(file: TextIO) -> str:
    file.seek(0)
    return file.read()


def _write(file: TextIO, text: str) -> None:
    file.write(text)
    file.flush()
