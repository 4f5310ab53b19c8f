"""The table of robustness: what is found by queries that are disturbed."""

import pandas as pd

from resound.data.disturbances import KINDS
from resound.evaluation.changed import changed_rows
from resound.evaluation.scoring import read_orders
from resound.experiment.coordinates import RunRow
from resound.registry import TABLES
from resound.report import encoders
from resound.report.made import Files, Spec, Table
from resound.report.partial import shown_changed

NAMES = ("method", "network", "feature", "setting", "query_fold", "query")
CLEAN = "clean"


@TABLES.register(
    "retrieval_robustness",
    asked="disturbable",
    place=56,
    needs=("clean_scores", "disturbed_scores"),
    told=(
        "clean_rows", "disturbed_rows", "disturbed_folds", "disturbed_encoders", "robustness",
        "dataset", "retrieval_protocol", "top_k", "intervals",
    ),
)  # fmt: skip
def retrieval_robustness(files: Files, spec: Spec) -> Table:
    """Return what each method finds for clips as they are and for disturbed ones."""
    names = (RunRow(*row) for row in spec["clean_rows"])
    clean = dict(zip(names, map(read_orders, files["clean_scores"]), strict=True))
    disturbed: dict[str, dict[RunRow, pd.DataFrame]] = {}
    for (name, row), path in zip(spec["disturbed_rows"], files["disturbed_scores"], strict=True):
        disturbed.setdefault(name, {})[RunRow(*row)] = read_orders(path)
    rows = changed_rows(
        clean,
        disturbed,
        spec["disturbed_folds"],
        protocol=spec["retrieval_protocol"],
        options=spec["intervals"],
        column="condition",
    )
    conditions = spec["robustness"]["conditions"]
    named = [{**row, "query": _asked_by(row["condition"], conditions)} for row in rows]
    # Where no encoder has its weights here and nothing else is compared, there is no row.
    frame = pd.DataFrame(named, columns=None if rows else [*NAMES, "condition"])
    return Table(frame, shown_changed(frame, NAMES, spec["top_k"]), robustness_caption(spec))


def _asked_by(condition: str | None, conditions: dict[str, dict[str, float]]) -> str:
    """Return the words for a query: ``clean`` or ``noise 10 dB``."""
    if condition is None:
        return CLEAN
    ((kind, value),) = conditions[condition].items()
    return f"{kind} {value:g} {KINDS[kind].unit}".rstrip()


def robustness_caption(spec: Spec) -> str:
    """Say what asked, what answered and what is left of what."""
    level = spec["intervals"]["level"]
    lines = [
        f"Retrieval on {spec['dataset']}, protocol {spec['retrieval_protocol']}, by clips as they "
        "are and by disturbed ones; clips as they are answer. Each cell: mean over queries "
        f"[{level:.0%} interval] (its share of that of clean queries [{level:.0%} interval]).",
        "Noise is white, its ratio is to the power of the whole clip; filters fall by 24 dB an "
        "octave; clip is the share of the peak beyond which samples are cut; mp3 and vorbis are "
        "levels of compression; speed moves pitch and tempo, and what gets shorter begins again; "
        "shift moves round. Nothing is padded.",
    ]
    return "\n".join([*lines, *encoders.notes(spec["disturbed_encoders"], spec["dataset"])])
