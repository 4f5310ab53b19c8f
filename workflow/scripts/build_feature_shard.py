"""Compute one feature of one shard of the clips."""

from resound import store
from resound.banks import compute_shard
from resound.jobs.script import job

with job(snakemake) as this:
    spec = this.params.spec
    audio = store.open_array(this.input.waveforms, spec=spec["bank"]["audio"])
    compute_shard(this.output.bank, audio, spec, this.threads)
