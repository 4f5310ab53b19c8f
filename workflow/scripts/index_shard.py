"""Make the index of one shard of what is new in a corpus."""

from resound.jobs.script import job
from resound.searching.sharding import index_shard

with job(snakemake) as this:
    index_shard(
        this.params.spec,
        this.params.weights.block,
        method=this.input.method,
        sounds=this.input.sounds,
        state=this.params.state,
        number=int(this.wildcards.shard),
        output=this.output.report,
        n_threads=this.threads,
    )
