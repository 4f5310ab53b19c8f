"""Store what a trained network makes of every clip, a vector or a sequence of them, as a bank."""

from resound.jobs.script import job
from resound.training.embedding import embed_clips

with job(snakemake) as this:
    embed_clips(
        this.params.spec,
        bank=this.input.bank,
        weights=this.input.weights,
        model=this.input.model,
        output=this.output.bank,
    )
