"""Disturb every clip as a condition says, for queries that a method should stand."""

from resound.data.disturbances import disturb_clips
from resound.jobs.script import job

with job(snakemake) as this:
    disturb_clips(this.params.spec, waveforms=this.input.waveforms, output=this.output.waveforms)
