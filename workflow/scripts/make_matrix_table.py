"""Put what was measured of the spectrogram as a matrix into one table."""

from resound import store
from resound.jobs.script import job
from resound.report import tables

with job(snakemake) as this:
    frame = store.read_csv(this.input.costs)
    caption = tables.matrix_caption(**this.params.spec["matrix"])
    tables.write(frame, this.output.csv, tables.shown_matrix(frame), caption)
