"""Draw one figure of a registered kind."""

from resound.jobs.script import job
from resound.plots.made import make_figure

with job(snakemake) as this:
    make_figure(this.params.kind, dict(this.input.items()), this.params.spec, this.output)
