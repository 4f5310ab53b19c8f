"""Choose how many clips the first stage of a search proposes by what it finds in the gallery."""

from resound.evaluation.two_stage import choose_depth
from resound.jobs.script import job

with job(snakemake) as this:
    choose_depth(
        this.params.spec,
        clips=this.input.clips,
        split=this.input.split,
        banks=this.input.banks,
        choice=this.output.choice,
        curve=this.output.curve,
        n_threads=this.threads,
    )
