"""Average the scores of every run into one table beside the study's figures."""

from resound.data.index import read_clips
from resound.evaluation.scoring import read_orders
from resound.evaluation.summary import retrieval_rows
from resound.experiment.coordinates import Run
from resound.jobs.script import job
from resound.report import encoders, tables
from resound.report.recordings import recording_notes

with job(snakemake) as this:
    spec = this.params.spec
    present = (Run(*run) for run in spec["present"])
    rows = retrieval_rows(
        [Run(*run) for run in spec["rows"]],
        dict(zip(present, map(read_orders, this.input.scores), strict=True)),
        spec["query_folds"],
        protocol=spec["protocol"],
        options=spec["bootstrap"],
    )
    frame = tables.retrieval_table(
        rows,
        spec["settings"],
        spec["dataset"],
        starts=spec.get("starts", {}),
        vectors=spec.get("vectors", {}),
    )
    shown = tables.shown_retrieval(frame, spec["top_k"])
    divided = recording_notes(
        read_clips(this.input.clips), spec["query_folds"], spec["on_split_recording"]
    )
    caption = tables.retrieval_caption(
        frame,
        spec["dataset"],
        spec["bootstrap"]["level"],
        absent=encoders.absent_rows(spec.get("encoders", {})),
        notes=[*encoders.notes(spec.get("encoders", {}), spec["dataset"]), *divided],
    )
    tables.write(frame, this.output.csv, shown, caption)
