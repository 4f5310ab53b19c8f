"""Append the shards of a corpus to its index."""

from resound.jobs.script import job
from resound.searching.sharding import join

with job(snakemake) as this:
    join(
        this.params.spec,
        state=this.params.state,
        reports=this.input.reports,
        sounds=this.params.sounds,
        division=this.params.division,
        output=this.output.record,
    )
