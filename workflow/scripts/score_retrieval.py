"""Score every query of one ranking, or of one for each random order of the tied clips."""

from resound.evaluation.query_scores import score_retrieval
from resound.jobs.script import job

with job(snakemake) as this:
    score_retrieval(
        this.params.spec,
        clips=this.input.clips,
        split=this.input.split,
        ranking=this.input.ranking,
        tiles=this.input.tiles,
        tile_size=this.params.division.tile_size,
        output=this.output.scores,
    )
