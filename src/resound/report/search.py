"""The table of exact searches: what they left out, and what they computed."""

from resound import store
from resound.evaluation.summary import search_rows
from resound.registry import TABLES
from resound.report import tables
from resound.report.made import Files, Spec, Table


@TABLES.register("search", asked="searched", place=70, needs=("splits", "statistics"))
def search(files: Files, spec: Spec) -> Table:
    """Return the statistics of every run's search, its tiles added up."""
    frame = search_rows([store.read_csv(path) for path in files["statistics"]])
    return Table(frame, frame, tables.SEARCH_CAPTION)
