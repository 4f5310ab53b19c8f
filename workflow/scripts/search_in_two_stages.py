"""Let a cheap distance propose clips to some queries, and a dear one decide their order."""

from resound.evaluation.two_stage import search_tile
from resound.jobs.script import job

with job(snakemake) as this:
    search_tile(
        this.params.spec,
        clips=this.input.clips,
        split=this.input.split,
        banks=this.input.banks,
        choice=this.input.choice,
        output=this.output.distances,
        costs=this.output.costs,
        n_threads=this.threads,
    )
