"""The making of a registered table, from its files and its spec."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from resound.registry import TABLES
from resound.report import tables
from resound.store import AnyPath

# The files that a table needs, by the words of its registration.
Files = Mapping[str, Sequence[AnyPath]]
Spec = Mapping[str, Any]


class Table(NamedTuple):
    """A table: all of it, what a reader is shown of it, and its caption."""

    frame: pd.DataFrame
    shown: pd.DataFrame
    caption: str


def make_table(kind: str, files: Files, spec: Spec, csv: AnyPath) -> None:
    """Make a table of a registered kind, and write it as CSV, Markdown and LaTeX."""
    table: Table = TABLES[kind](files, spec)
    tables.write(table.frame, csv, table.shown, table.caption)
