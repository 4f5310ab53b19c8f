"""Measure what the spectrogram as a matrix costs, one length of sound after the other."""

import pandas as pd

from resound import store
from resound.evaluation.matrix_costs import measure_costs
from resound.jobs.progress import track
from resound.jobs.script import job

with job(snakemake) as this:
    spec = this.params.spec
    rows = [
        measure_costs(n_samples, rounds=spec["rounds"], **spec["matrix"])
        for n_samples in track(spec["n_samples"], "matrix")
    ]
    store.write_csv(pd.DataFrame(rows), this.output.costs)
