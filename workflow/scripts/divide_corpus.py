"""Divide among shards what the index of a corpus lacks."""

from resound.jobs.script import job
from resound.searching.sharding import divide

with job(snakemake) as this:
    divide(
        this.params.spec,
        this.params.weights.block,
        method=this.input.method,
        code=this.params.vectors,
        state=this.params.state,
        shards=this.params.division.shards,
        output=this.output.sounds,
    )
