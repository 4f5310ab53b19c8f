"""Store the logits of AudioSet's classes of every clip, as a bank."""

from resound.jobs.script import job
from resound.training.encoding import tag_clips

with job(snakemake) as this:
    tag_clips(
        this.params.spec,
        encoder=this.params.weights.block,
        waveforms=this.input.waveforms,
        bank=this.output.bank,
    )
