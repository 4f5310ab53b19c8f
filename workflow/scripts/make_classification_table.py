"""Average the scores of every trained network into one table beside the study's accuracy."""

from resound.data.index import read_clips
from resound.evaluation.classification import classification_rows
from resound.evaluation.predictions import read_clip_scores
from resound.jobs.script import job
from resound.report import classification, encoders, tables
from resound.report.recordings import recording_notes
from resound.training.record import read_record

with job(snakemake) as this:
    spec = this.params.spec
    records = [read_record(path) for path in this.input.models]
    scores = [read_clip_scores(path) for path in this.input.scores]
    rows = classification_rows(
        spec["cells"],
        {
            tuple(cell): result
            for cell, *result in zip(spec["present"], records, scores, strict=True)
        },
        spec["query_folds"],
        protocol=spec["protocol"],
        options=spec["bootstrap"],
        absent=encoders.absent_rows(spec.get("encoders", {})),
    )
    frame = classification.classification_table(rows, spec["dataset"], spec["starts"])
    divided = recording_notes(
        read_clips(this.input.clips), spec["query_folds"], spec["on_split_recording"]
    )
    caption = classification.classification_caption(
        frame,
        spec["dataset"],
        spec["bootstrap"]["level"],
        [*encoders.notes(spec.get("encoders", {}), spec["dataset"]), *divided],
    )
    tables.write(frame, this.output.csv, classification.shown_classification(frame), caption)
