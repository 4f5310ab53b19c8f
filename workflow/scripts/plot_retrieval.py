"""Draw what each method of a retrieval table reaches."""

from functools import partial

from resound.jobs.script import job
from resound.plots import retrieval, style
from resound.report.tables import read_table

with job(snakemake) as this:
    spec = this.params.spec
    rows = retrieval.metrics_rows(read_table(this.input.table, "query_fold"), spec["metric"])
    draw = partial(retrieval.draw_metrics, rows=rows, k=spec["k"])
    style.save(draw, this.output, height=retrieval.metrics_height(len(rows)))
