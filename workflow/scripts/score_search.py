"""Score every query of a search in files."""

from resound.evaluation.long_files import score_search
from resound.jobs.script import job

with job(snakemake) as this:
    score_search(
        this.params.spec,
        hits=this.input.hits,
        clips=this.input.clips,
        split=this.input.split,
        output=this.output.scores,
    )
