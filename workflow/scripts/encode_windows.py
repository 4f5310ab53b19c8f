"""Store the embeddings of windows of every clip by an encoder as published, as a bank."""

from resound.jobs.script import job
from resound.training.windows import encode_windows

with job(snakemake) as this:
    encode_windows(
        this.params.spec,
        encoder=this.params.weights.block,
        waveforms=this.input.waveforms,
        bank=this.output.bank,
    )
