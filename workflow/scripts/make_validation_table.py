"""Put the comparisons with librosa into one table."""

import pandas as pd

from resound import store
from resound.jobs import job
from resound.report import tables

CAPTION = "Our features beside librosa's, computed in float64 on the same clips."

with job(snakemake) as this:
    frame = pd.concat([store.read_csv(path) for path in this.input.comparisons])
    tables.write(frame, this.output.csv, frame, CAPTION)
