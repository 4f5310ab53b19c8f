"""The figures that resound sets itself, and whether a table meets them."""

import operator
from dataclasses import dataclass

import pandas as pd

COMPARE = {">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True)
class Target:
    """A bound on one cell of the table.

    Attributes
    ----------
    statement : str
        What is promised.
    case, contender, threads
        The row.
    column : str
        The column of the row.
    relation : {">=", "<="}
        How the value must stand to `bound`.
    bound : float
        The bound, in the unit of the column.
    """

    statement: str
    case: str
    contender: str
    threads: int
    column: str
    relation: str
    bound: float

    def value(self, table: pd.DataFrame) -> float | None:
        """Return the cell, or None where `table` has no such row or column."""
        row = (table["case"] == self.case) & (table["contender"] == self.contender)
        row &= table["threads"] == self.threads
        if self.column not in table or not row.any():
            return None
        return float(table.loc[row, self.column].iloc[0])

    def verdict(self, table: pd.DataFrame) -> str:
        """Return ``met``, ``missed`` or ``not measured``."""
        value = self.value(table)
        if value is None:
            return "not measured"
        return "met" if COMPARE[self.relation](value, self.bound) else "missed"


TARGETS = (
    Target(
        "full matrix, times as fast as dtaidistance",
        *("dtw euclidean", "dtaidistance", 2, "ratio", ">=", 8.0),
    ),
    Target(
        "full matrix, relative difference from float64",
        *("dtw euclidean", "dtaidistance", 2, "difference", "<=", 1e-5),
    ),
    Target(
        "exact top 20, times as fast as the full matrix",
        *("top-20", "resound, full matrix", 2, "ratio", ">=", 2.0),
    ),
    Target(
        "exact top 1, times as fast as the full matrix",
        *("top-1", "resound, full matrix", 2, "ratio", ">=", 4.0),
    ),
    Target(
        "exact top 20 of ESC-50, times as fast as the full matrix",
        *("top-20 of ESC-50", "resound, full matrix", 2, "ratio", ">=", 6.0),
    ),
    Target(
        "exact top 1 of ESC-50, times as fast as the full matrix",
        *("top-1 of ESC-50", "resound, full matrix", 2, "ratio", ">=", 10.0),
    ),
    Target(
        "exact top 20, share of cells computed",
        *("top-20", "resound", 2, "share_of_cells", "<=", 0.2),
    ),
    Target("MFCC, times as fast as librosa", *("mfcc", "librosa", 1, "ratio", ">=", 6.0)),
    # Below it, a transform of our own is not worth its lines: scipy's would do.
    Target(
        "MFCC, times as fast as by scipy's FFT",
        *("mfcc", "resound, by scipy's FFT", 1, "ratio", ">=", 1.5),
    ),
    Target(
        "400 x 1600 full matrix, peak memory in MB",
        *("peak memory", "resound", 2, "peak_mb", "<=", 1000.0),
    ),
    Target(
        "the demo on 2 cores, share of its time outside rules",
        *("workflow", "resound, demo", 2, "share_outside", "<=", 0.25),
    ),
    Target(
        "tables 1 and 2 of ESC-50 from WAV files on 2 cores, seconds",
        *("tables 1 and 2 of esc50", "resound", 2, "seconds", "<=", 300.0),
    ),
    Target(
        "tables 1 and 2 of ESC-50, peak memory of a job in MB",
        *("tables 1 and 2 of esc50", "resound", 2, "peak_mb", "<=", 1000.0),
    ),
    Target(
        "BEATs of 90.3 M parameters, seconds for a clip of 5 s on one thread",
        *("encoder, a clip of 5 s", "resound, BEATs", 1, "seconds", "<=", 1.2),
    ),
)
