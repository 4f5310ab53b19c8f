"""The retrieval tables: the scores of every run, averaged, beside the study's figures."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from resound.data.index import read_clips
from resound.evaluation.scoring import read_orders
from resound.evaluation.summary import retrieval_rows
from resound.experiment.coordinates import RunRow
from resound.files import AnyPath
from resound.registry import TABLES
from resound.report import encoders, tables
from resound.report.costs import cost_notes, shown_costs, with_costs
from resound.report.made import Files, Spec, Table
from resound.report.recordings import recording_notes


@TABLES.register(
    "retrieval",
    each="retrieval_tables",
    place=10,
    needs=("clips", "scores", "choices", "costs"),
    told=(
        "runs", "present_runs", "settings", "dataset", "protocol", "top_k", "query_folds",
        "on_split_recording", "starts", "vectors", "encoders", "intervals", "combined",
        "timed",
    ),
)  # fmt: skip
def retrieval(files: Files, spec: Spec) -> Table:
    """Return one retrieval table."""
    present = (RunRow(*run) for run in spec["present_runs"])
    rows = retrieval_rows(
        [RunRow(*run) for run in spec["runs"]],
        dict(zip(present, map(read_orders, files["scores"]), strict=True)),
        spec["query_folds"],
        protocol=spec["protocol"],
        options=spec["intervals"],
    )
    frame = tables.retrieval_table(
        rows, spec["settings"], spec["dataset"], starts=spec["starts"], vectors=spec["vectors"]
    )
    frame = with_costs(frame, spec["timed"], spec["query_folds"], files["costs"])
    divided = recording_notes(
        read_clips(files["clips"][0]), spec["query_folds"], spec["on_split_recording"]
    )
    caption = tables.retrieval_caption(
        frame,
        spec["dataset"],
        spec["intervals"]["level"],
        absent=encoders.absent_rows(spec["encoders"]),
        notes=[
            *encoders.notes(spec["encoders"], spec["dataset"]),
            *_choices(spec["combined"], files["choices"]),
            *cost_notes(frame),
            *divided,
        ],
    )
    shown = tables.shown_retrieval(frame, spec["top_k"])
    return Table(frame, shown_costs(frame, shown), caption)


def _choices(combined: Sequence[Sequence[str]], paths: Sequence[AnyPath]) -> Iterator[str]:
    """Say of each fusion and two-stage search which method was chosen, of how many, and by what."""
    for (name, split), path in zip(combined, paths, strict=True):
        told = json.loads(Path(path).read_text(encoding="utf-8"))
        method = ", ".join(f"{key} {value}" for key, value in told["chosen"].items() if value)
        how = ""
        if told["reached"] is not None:
            how = (
                f", chosen of {told['of']} by {told['by']} of the gallery's own folds, each asking "
                f"the others: {told['reached']:.3f}"
            )
        yield f"{name}, {split}: {method}{how}."
