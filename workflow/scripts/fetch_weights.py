"""Bring the weights that a network starts from, and check that they are the ones named."""

from pathlib import Path

from resound.data.weights import fetch_weights
from resound.jobs.script import job

with job(snakemake) as this:
    fetch_weights(**this.params.spec, path=Path(this.output.weights))
