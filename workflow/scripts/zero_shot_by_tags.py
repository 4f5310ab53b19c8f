"""Take every clip for the class whose tags have the largest logits in the mean."""

from resound.evaluation.zero_shot_by_tags import zero_shot_by_tags
from resound.jobs.script import job

with job(snakemake) as this:
    zero_shot_by_tags(
        this.params.spec,
        clips=this.input.clips,
        tags=this.input.tags,
        files=dict(this.output.items()),
    )
