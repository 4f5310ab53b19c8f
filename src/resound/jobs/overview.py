"""The overview of a run that begins, in a few lines: its jobs, and about how long they take.

Snakemake tells of its jobs in a table, at the start of a run and twice in a dry run, and of every
look that it takes at them. A dry run keeps the table and gains the time. A run has both in a few
lines, so that an error in its first job stands below its command and not a screen further down.
"""

import logging
import re
import textwrap
from collections.abc import Callable, Mapping

DECIDES_NO_NUMBER = "It puts what Snakemake says into other words."

RUN_INFO = "run_info"
SELECTING = re.compile(r"\s*(Select jobs to execute|Execute \d+ jobs)\.\.\.\s*")
WIDTH = 120
NO_RULE = "No rule to produce "
HINT = "results_dir is "
TARGETS = ("tables", "figures", "report")


class Overview(logging.Filter):
    """Changes what Snakemake says of the jobs that it has planned, and of selecting them.

    Parameters
    ----------
    is_dry_run : callable
        Whether nothing is run; known when the jobs are.
    how_long : callable
        Says how long the planned jobs take.
    """

    def __init__(self, is_dry_run: Callable[[], bool], how_long: Callable[[], str]) -> None:
        super().__init__()
        self.is_dry_run, self.how_long = is_dry_run, how_long

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is told, one of planned jobs in other words."""
        if getattr(record, "event", None) == RUN_INFO:
            jobs = record.getMessage() if self.is_dry_run() else in_lines(vars(record)["stats"])
            record.msg, record.args = f"{jobs.rstrip()}\n{self.how_long()}", ()
        return not SELECTING.fullmatch(record.getMessage())


class TargetNotice(logging.Filter):
    """Adds where the results are to Snakemake's word that no rule makes what was asked for.

    Parameters
    ----------
    results : str
        The key ``results_dir``.
    """

    def __init__(self, results: str) -> None:
        super().__init__()
        self.results = results

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell every record, that of a missing rule with what there is to ask for."""
        told = record.getMessage()
        if NO_RULE in told and self.results not in told.partition(HINT)[2]:
            folders = ", ".join(f"{self.results}/{part}" for part in TARGETS)
            record.msg, record.args = (
                (
                    f"{told.rstrip()}\n{HINT}{self.results}: ask for {folders}, written so, or for "
                    f"a file below {self.results}"
                ),
                (),
            )
        return True


def in_lines(stats: Mapping[str, int]) -> str:
    """Return Snakemake's job statistics as one sentence: the most numerous rules first.

    Examples
    --------
    >>> in_lines({"train_classifier": 5, "build_page": 1, "total": 6})
    'Job stats: 6 jobs: 5 train_classifier, 1 build_page'
    """
    rules = sorted((-n, rule) for rule, n in stats.items() if rule != "total")
    counted = ", ".join(f"{-n} {rule}" for n, rule in rules)
    return textwrap.fill(
        f"Job stats: {stats['total']} jobs: {counted}",
        WIDTH,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
