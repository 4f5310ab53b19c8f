"""Bring the data set to data_root when it is not there, and record what it is."""

import json

from resound import store
from resound.data import fetch
from resound.jobs.script import job

with job(snakemake) as this:
    spec = this.params.spec
    record = fetch.ensure_dataset(spec["dataset"], this.params.data_root, **spec["origin"])
    record["data_root"] = this.params.place
    store.write_text(this.output.record, json.dumps(record, indent=2) + "\n")
