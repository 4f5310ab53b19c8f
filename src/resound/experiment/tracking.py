"""Where trainings report to: apart from the specs, so that no edit of those trains anew."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tracking:
    """Where a training reports to, which decides nothing of its result.

    Snakemake compares params that are built-ins and no others: as a dataclass this one re-runs
    nothing when it changes.
    """

    mode: str
    project: str
    entity: str | None
    folder: str
