"""Compute one tile of the distances between the queries and the gallery of a split."""

from resound.evaluation.distances import compute_distances
from resound.jobs.script import job

with job(snakemake) as this:
    compute_distances(
        this.params.spec,
        split=this.input.split,
        bank=this.input.bank,
        asking=this.input.get("asking") or None,
        output=this.output.distances,
        costs=this.output.costs,
        n_threads=this.threads,
        title=this.wildcards.run,
    )
