"""Find the hits of one tile without all of its distances, and count what that took."""

from resound.evaluation.searching import search_gallery
from resound.jobs.script import job

with job(snakemake) as this:
    search_gallery(
        this.params.spec,
        clips=this.input.clips,
        split=this.input.split,
        bank=this.input.bank,
        hits=this.output.hits,
        statistics=this.output.statistics,
        about=this.params.names.about,
        n_threads=this.threads,
    )
