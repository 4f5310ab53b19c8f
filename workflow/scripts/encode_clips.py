"""Store the embedding of every clip by an encoder as it was published, as a bank."""

from resound.jobs.script import job
from resound.training.encoding import encode_clips

with job(snakemake) as this:
    encode_clips(
        this.params.spec,
        encoder=this.params.weights.block,
        waveforms=this.input.waveforms,
        bank=this.output.bank,
    )
