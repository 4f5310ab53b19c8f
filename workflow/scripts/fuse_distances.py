"""Fuse the distances of some queries by the method that was chosen within the gallery."""

from resound.evaluation.fusing import fuse_tile, stored_parts
from resound.jobs.script import job

with job(snakemake) as this:
    divisions = this.params.divisions
    fuse_tile(
        this.params.spec,
        clips=this.input.clips,
        splits=(this.input.split, this.input.gallery),
        choice=this.input.choice,
        asked=stored_parts(this.input.asked, divisions.asked),
        within=stored_parts(this.input.within, divisions.within),
        output=this.output.distances,
    )
