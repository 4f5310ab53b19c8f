"""One line that moves in place of what Snakemake tells of every job.

Who starts a small experiment wants to know how much is done, what runs and how long the rest takes.
The file in ``.snakemake/log`` keeps all that Snakemake says; errors and warnings stay on the
terminal too. Where there is no terminal, a line stands for each tenth of the jobs.
"""

import logging
import os
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, TextIO

from tqdm import tqdm

from resound.jobs.overview import RUN_INFO

DECIDES_NO_NUMBER = "It shows how far a run has got."

# Set in the environment to this, a run shows one line: RESOUND_PROGRESS=line.
VARIABLE, LINE = "RESOUND_PROGRESS", "line"
# The mark of a record that is told in any case.
TOLD = "resound_told"
JOB_INFO, JOB_FINISHED, PROGRESS = "job_info", "job_finished", "progress"
CLOSING = ("Complete log", "Nothing to be done")
WIDTH = 100
FORM = "{bar:20} {n_fmt} of {total_fmt} jobs, {remaining} left: {desc}"


class OneLine(logging.Filter):
    """A filter of the handler that writes to the terminal: it draws the line, and hides the rest.

    Parameters
    ----------
    stream : file
        The terminal, or what stands in its place.
    is_dry_run : callable
        Whether nothing is run, so that everything is told; known when the jobs are.
    how_long : callable
        Says how long the planned jobs take.
    """

    def __init__(
        self, stream: TextIO, is_dry_run: Callable[[], bool], how_long: Callable[[], str]
    ) -> None:
        super().__init__()
        self.stream, self.is_dry_run, self.how_long = stream, is_dry_run, how_long
        self._running: dict[int, str] = {}
        self._bar: Any = None
        self._started, self._tenths = time.monotonic(), 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is told as it is."""
        if self.is_dry_run():
            return True
        about, event = vars(record), _event_of(record)
        if event == RUN_INFO:
            self._begin(about["stats"]["total"])
        elif event == JOB_INFO:
            self._running[about["jobid"]] = about["rule_name"]
            self._show()
        elif event == JOB_FINISHED:
            self._running.pop(about["job_id"], None)
        elif event == PROGRESS:
            self._move(about["done"], about["total"])
        is_told = record.levelno >= logging.WARNING or hasattr(record, TOLD)
        if is_told or (not event and record.getMessage().startswith(CLOSING)):
            if self._bar is not None:
                self._bar.clear()
            return True
        return False

    def _begin(self, total: int) -> None:
        if self._bar is None:
            self.stream.write(f"{total} jobs. {self.how_long()}\n")
            self._started = time.monotonic()
            self._bar = tqdm(
                total=total, bar_format=FORM, file=self.stream, ncols=WIDTH, mininterval=0,
                disable=not self.stream.isatty(), ascii=" #",
            )  # fmt: skip
            self._show()

    def _show(self) -> None:
        if self._bar is not None:
            self._bar.set_description_str(_in_words(self._running))

    def _move(self, done: int, total: int) -> None:
        if self._bar is None:
            return
        self._bar.total = total
        self._bar.update(done - self._bar.n)
        if self._bar.disable:
            self._bar.n = done
            self._print_tenths(done, total)
        if done == total:
            self._bar.close()

    def _print_tenths(self, done: int, total: int) -> None:
        if (tenths := 10 * done // total) > self._tenths:
            self._tenths = tenths
            left = (time.monotonic() - self._started) / done * (total - done)
            self.stream.write(f"{done} of {total} jobs, {tqdm.format_interval(left)} left\n")


def show(
    logger: logging.Logger, is_dry_run: Callable[[], bool], how_long: Callable[[], str]
) -> None:
    """Let the handlers of a logger that write to a terminal show one line, where that is asked."""
    if os.environ.get(VARIABLE) != LINE:
        return
    for handler in logger.handlers:
        if type(handler) is not logging.FileHandler and isinstance(handler, logging.StreamHandler):
            handler.addFilter(OneLine(handler.stream, is_dry_run, how_long))


def _event_of(record: logging.LogRecord) -> str:
    event = getattr(record, "event", None)
    return str(getattr(event, "value", event) or "")


def _in_words(running: dict[int, str]) -> str:
    """Return the rules at work, each once.

    Examples
    --------
    >>> _in_words({3: "train_classifier", 7: "plot_tsne", 8: "plot_tsne"})
    'train_classifier, 2 plot_tsne'
    """
    counts = Counter(running.values())
    return ", ".join(f"{n} {rule}" if n > 1 else rule for rule, n in counts.items())
