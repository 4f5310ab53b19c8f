"""Let several trained networks, or one that hears several views of a clip, answer together."""

from resound.data.index import read_clips
from resound.jobs.script import job
from resound.training.together import answer_together

with job(snakemake) as this:
    answer_together(
        this.params.spec,
        clips=read_clips(this.input.clips),
        banks=this.input.banks,
        weights=this.input.weights,
        models=this.input.models,
        files=dict(this.output.items()),
    )
