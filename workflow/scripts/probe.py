"""Classify frozen embeddings by a linear classifier or by their nearest neighbours."""

from resound.evaluation.probe import probe_clips
from resound.jobs.script import job

with job(snakemake) as this:
    probe_clips(
        this.params.spec,
        bank=this.input.bank,
        clips=this.input.clips,
        files=dict(this.output.items()),
    )
