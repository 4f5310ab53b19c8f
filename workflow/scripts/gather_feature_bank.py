"""Put the shards of a bank together."""

from resound.banks import gather_bank
from resound.jobs.script import job

with job(snakemake) as this:
    gather_bank(this.output.bank, this.input.shards, this.params.spec["bank"])
