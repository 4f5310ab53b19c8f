"""The tables of silent tails: what padding does to retrieval and to classification."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from resound.data.index import read_clips
from resound.evaluation.predictions import clips_asked, read_clip_scores
from resound.evaluation.scoring import read_orders
from resound.evaluation.silent_tails import DIFFERENCE, WITH, WITHOUT, tail_rows
from resound.experiment.coordinates import RunRow, TrainingRow
from resound.registry import TABLES
from resound.report import encoders, tables
from resound.report.made import Files, Spec, Table
from resound.report.partial import told_of

NAMES = ("method", "network", "feature", "setting", "query_fold", "query")
WORDS = {
    WITHOUT: "no silent tail",
    WITH: "silent tail",
    DIFFERENCE: "difference within classes",
}


@TABLES.register(
    "retrieval_silent_tails",
    asked="tails_of_runs",
    place=58,
    needs=("clips", "all_scores"),
    told=(
        "every_run", "every_fold", "retrieval_protocol", "dataset", "top_k", "intervals",
        "every_encoder",
    ),
)  # fmt: skip
def retrieval_silent_tails(files: Files, spec: Spec) -> Table:
    """Return what queries with and without a silent tail find."""
    names = (RunRow(*row) for row in spec["every_run"])
    scores = dict(zip(names, map(read_orders, files["all_scores"]), strict=True))
    metrics = [f"{name}@{k}" for k in spec["top_k"] for name in tables.SHOWN]
    found = _rows(files, scores, spec["every_fold"], spec["retrieval_protocol"], spec)
    lead = f"Retrieval on {spec['dataset']}, protocol {spec['retrieval_protocol']}"
    notes = encoders.notes(spec["every_encoder"], spec["dataset"])
    return _table(found, metrics, lead, spec, notes)


@TABLES.register(
    "classification_silent_tails",
    asked="tails_of_trainings",
    place=59,
    needs=("clips", "tested_predictions"),
    told=(
        "tested_trainings", "test_folds", "test_protocol", "dataset", "intervals",
        "trained_encoders",
    ),
)  # fmt: skip
def classification_silent_tails(files: Files, spec: Spec) -> Table:
    """Return how clips with and without a silent tail are classified."""
    names = (TrainingRow(*row) for row in spec["tested_trainings"])
    read = (clips_asked(read_clip_scores(path)) for path in files["tested_predictions"])
    scores = {row: found for row, found in zip(names, read, strict=True) if len(found)}
    found = _rows(files, scores, spec["test_folds"], spec["test_protocol"], spec)
    lead = f"Classification on {spec['dataset']}, protocol {spec['test_protocol']}"
    notes = encoders.notes(spec["trained_encoders"], spec["dataset"])
    return _table(found, ["accuracy"], lead, spec, notes)


def _rows(
    files: Files,
    scores: Mapping[Any, pd.DataFrame],
    folds: Mapping[str, Sequence[int]],
    protocol: str,
    spec: Spec,
) -> list[dict[str, Any]]:
    clips = read_clips(files["clips"][0])
    padded = clips.loc[clips["zero_tail_seconds"] > 0, "id"]
    return tail_rows(scores, padded, folds, protocol=protocol, options=spec["intervals"])


def _table(
    rows: list[dict[str, Any]], metrics: list[str], lead: str, spec: Spec, notes: Iterable[str]
) -> Table:
    named = [{**row, "query": WORDS[row["tail"]]} for row in rows]
    frame = pd.DataFrame(named, columns=None if rows else [*NAMES, "tail", "n_queries"])
    shown = frame[[name for name in (*NAMES, "n_queries") if name in frame]].copy()
    if "network" in shown:
        shown["network"] = shown["network"].fillna("")
    records = frame.to_dict("records")
    for metric in metrics:
        shown[metric] = [_cell(row, metric) for row in records]
    caption = [
        f"{lead}, by clips that sound to their end and by clips that end in zeros. Each cell: mean "
        f"over clips [{spec['intervals']['level']:.0%} interval].",
        "The difference is that within classes which have both, weighted by the clips with a "
        "silent tail: classes of short sounds have most of the tails, and are harder or easier for "
        "other reasons.",
        *notes,
    ]
    return Table(frame, shown, "\n".join(caption))


def _cell(row: Mapping[Any, Any], metric: str) -> str:
    return "" if pd.isna(row.get(metric)) else told_of(row, metric)
