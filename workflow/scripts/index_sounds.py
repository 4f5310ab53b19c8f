"""Make an index of a folder of sounds, as `resound index` does."""

from resound.jobs.script import job
from resound.searching.measuring import index_sounds

with job(snakemake) as this:
    index_sounds(
        this.params.spec,
        weights=this.params.weights.block,
        sounds=this.input.sounds,
        into=this.output.index,
        n_threads=this.threads,
    )
