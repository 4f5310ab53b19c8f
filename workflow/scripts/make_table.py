"""Make one table of a registered kind."""

from resound.jobs.script import job
from resound.report.made import make_table

with job(snakemake) as this:
    make_table(this.params.kind, dict(this.input.items()), this.params.spec, this.output.csv)
