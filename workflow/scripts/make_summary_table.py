"""Put the headline of every table into one."""

from resound.jobs.script import job
from resound.report import comparison, tables

with job(snakemake) as this:
    spec = this.params.spec
    frames = {
        name: tables.read_table(path, fold)
        for (name, fold), path in zip(spec["tables"].items(), this.input.tables, strict=True)
    }
    frame = comparison.summary_table(frames, spec["metric"])
    caption = comparison.summary_caption(frame, spec["dataset"], spec["level"])
    tables.write(frame, this.output.csv, comparison.shown_summary(frame), caption)
