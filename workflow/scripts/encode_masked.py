"""Store the hidden vector that a fine-tuned encoder makes of a part of every clip."""

from resound.jobs.script import job
from resound.training.finetuned import encode_masked

with job(snakemake) as this:
    encode_masked(
        this.params.spec,
        encoder=this.params.weights.block,
        waveforms=this.input.waveforms,
        weights=this.input.weights,
        model=this.input.model,
        bank=this.output.bank,
    )
