"""Compute one feature of all clips, of one shard of them, or put the shards together."""

from resound import store
from resound.banks import compute_bank, compute_shard, gather_bank
from resound.experiment.asides import record_of
from resound.jobs.script import job

with job(snakemake) as this:
    spec = this.params.spec
    if this.input.get("shards"):
        gather_bank(this.output.bank, this.input.shards, spec)
    else:
        of = spec.get("bank", spec)
        audio = store.open_array(this.input.waveforms, spec=of["audio"])
        compute = compute_bank if of is spec else compute_shard
        compute(this.output.bank, audio, spec, this.threads)
    if this.output.get("division"):
        division = {"shards": max(1, len(this.input.get("shards", [])))}
        store.write_text(this.output.division, record_of(division, spec))
