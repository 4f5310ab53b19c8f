"""Store what a fine-tuned encoder and its head make of every clip, each vector as a bank."""

from resound.jobs.script import job
from resound.training.finetuned import encode_finetuned

with job(snakemake) as this:
    encode_finetuned(
        this.params.spec,
        encoder=this.params.weights.block,
        waveforms=this.input.waveforms,
        weights=this.input.weights,
        model=this.input.model,
        banks=dict(this.output.items()),
    )
