"""Compute one feature of all clips."""

from resound import store
from resound.banks import compute_bank
from resound.jobs.script import job

with job(snakemake) as this:
    spec = this.params.spec
    audio = store.open_array(this.input.waveforms, spec=spec["audio"])
    compute_bank(this.output.bank, audio, spec, this.threads)
