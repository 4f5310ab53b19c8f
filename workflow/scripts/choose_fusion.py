"""Choose the method of a fusion by what it finds within the gallery."""

from resound.evaluation.fusing import choose, stored_parts
from resound.jobs.script import job

with job(snakemake) as this:
    choose(
        this.params.spec,
        clips=this.input.clips,
        split=this.input.split,
        parts=stored_parts(this.input.within, this.params.divisions.within),
        choice=this.output.choice,
        curve=this.output.curve,
    )
