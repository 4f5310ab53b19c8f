"""Take every clip for the class whose name its embedding is nearest to."""

from resound.evaluation.zero_shot import zero_shot
from resound.jobs.script import job

with job(snakemake) as this:
    zero_shot(
        this.params.spec,
        clips=this.input.clips,
        bank=this.input.bank,
        words=this.input.words,
        files=dict(this.output.items()),
    )
