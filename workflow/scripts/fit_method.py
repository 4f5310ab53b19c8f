"""Store how the method of a corpus centres and scales, fitted on windows of its sounds."""

from resound.jobs.script import job
from resound.searching.sharding import fit_method

with job(snakemake) as this:
    fit_method(this.params.spec, this.params.weights.block, this.output.method)
