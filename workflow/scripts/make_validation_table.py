"""Put the comparisons with librosa into one table, beside the study's own."""

import pandas as pd

from resound import store
from resound.jobs.script import job
from resound.report import tables, validation

with job(snakemake) as this:
    comparisons = pd.concat([store.read_csv(path) for path in this.input.comparisons])
    frame = validation.validation_table(comparisons, this.params.spec["dataset"])
    shown = validation.shown_validation(frame)
    tables.write(frame, this.output.csv, shown, validation.validation_caption(frame))
