"""The table of what the spectrogram as a matrix costs."""

from resound import store
from resound.registry import TABLES
from resound.report import tables
from resound.report.made import Files, Spec, Table


@TABLES.register(
    "matrix_spectrogram", asked="matrices", place=60, needs=("matrix_costs",), told=("matrix",)
)
def matrix_spectrogram(files: Files, spec: Spec) -> Table:
    """Return the measured costs of the matrices, by the length of the sound."""
    frame = store.read_csv(files["matrix_costs"][0])
    return Table(frame, tables.shown_matrix(frame), tables.matrix_caption(**spec["matrix"]))
