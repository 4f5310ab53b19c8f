"""The tables of robustness: what disturbed clips find, and what they are taken for."""

from typing import Any

import pandas as pd

from resound.data.disturbances import KINDS
from resound.data.index import read_clips
from resound.evaluation.changed import changed_rows
from resound.evaluation.predictions import (
    clips_asked,
    read_clip_scores,
    read_predictions,
    score_clips,
)
from resound.evaluation.scoring import read_orders
from resound.experiment.coordinates import RunRow, TrainingRow
from resound.registry import TABLES
from resound.report import encoders
from resound.report.made import Files, Spec, Table
from resound.report.partial import shown_changed, told_of

NAMES = ("method", "network", "feature", "setting", "query_fold", "query")
CLASSED = ("network", "feature", "setting", "test_fold", "query")
CLEAN = "clean"
# What `changed_rows` calls the folds and clips that ask, of those that are classified.
OF_CLASSES = {"query_fold": "test_fold", "n_queries": "n_clips"}
DONE = (
    "Noise is white, its ratio is to the power of the whole clip; filters fall by 24 dB an octave; "
    "clip is the share of the peak beyond which samples are cut; mp3 and vorbis are levels of "
    "compression; speed moves pitch and tempo, pitch moves pitch alone, and what gets shorter "
    "begins again; shift moves round. Nothing is padded."
)


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
    frame = _named(rows, spec, NAMES)
    return Table(frame, shown_changed(frame, NAMES, spec["top_k"]), robustness_caption(spec))


@TABLES.register(
    "classification_robustness",
    asked="classified_disturbed",
    place=57,
    needs=("clips", "clean_predictions", "disturbed_predictions"),
    told=(
        "clean_trainings", "disturbed_trainings", "test_folds", "trained_encoders", "robustness",
        "dataset", "test_protocol", "intervals",
    ),
)  # fmt: skip
def classification_robustness(files: Files, spec: Spec) -> Table:
    """Return how clips as they are and disturbed ones are classified."""
    clips = read_clips(files["clips"][0])
    clean = {
        TrainingRow(*row): clips_asked(read_clip_scores(path))
        for row, path in zip(spec["clean_trainings"], files["clean_predictions"], strict=True)
    }
    clean = {row: scores for row, scores in clean.items() if len(scores)}  # others failed
    found = zip(spec["disturbed_trainings"], files["disturbed_predictions"], strict=True)
    disturbed: dict[str, dict[TrainingRow, pd.DataFrame]] = {}
    for (name, row), path in found:
        scores = clips_asked(score_clips(read_predictions(path), clips))
        disturbed.setdefault(name, {})[TrainingRow(*row)] = scores
    rows = changed_rows(
        clean,
        disturbed,
        spec["test_folds"],
        protocol=spec["test_protocol"],
        options=spec["intervals"],
        column="condition",
    )
    of_classes = [{OF_CLASSES.get(key, key): value for key, value in row.items()} for row in rows]
    frame = _named(of_classes, spec, CLASSED)
    shown = frame[[*CLASSED]].copy()
    shown["accuracy"] = [told_of(row, "accuracy") for row in frame.to_dict("records")]
    return Table(frame, shown, classification_caption(spec))


def _named(rows: list[dict[str, Any]], spec: Spec, names: tuple[str, ...]) -> pd.DataFrame:
    """Return rows with words for what asks.

    Where no encoder has its weights here and nothing else is compared, there is no row.
    """
    conditions = spec["robustness"]["conditions"]
    named = [{**row, "query": _asked_by(row["condition"], conditions)} for row in rows]
    return pd.DataFrame(named, columns=None if rows else [*names, "condition"])


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
        DONE,
    ]
    return "\n".join([*lines, *encoders.notes(spec["disturbed_encoders"], spec["dataset"])])


def classification_caption(spec: Spec) -> str:
    """Say what was classified, by what, and what is left of what."""
    level = spec["intervals"]["level"]
    lines = [
        f"Classification on {spec['dataset']}, protocol {spec['test_protocol']}, of clips as they "
        "are and of disturbed ones; what classifies them has learned from clips as they are. "
        f"Accuracy: share of test clips [{level:.0%} interval] (its share of that of clean clips "
        f"[{level:.0%} interval]).",
        DONE,
    ]
    return "\n".join([*lines, *encoders.notes(spec["trained_encoders"], spec["dataset"])])
