"""Cut the first seconds that sound out of every clip, for queries that are parts of clips."""

from resound.data.sounding import cut_queries
from resound.jobs.script import job

with job(snakemake) as this:
    cut_queries(this.params.spec, waveforms=this.input.waveforms, output=this.output.waveforms)
