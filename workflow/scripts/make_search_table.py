"""Add up what the searches of every run left out and what they computed."""

from resound import store
from resound.evaluation.summary import search_rows
from resound.jobs.script import job
from resound.report import tables

with job(snakemake) as this:
    frame = search_rows([store.read_csv(path) for path in this.input.statistics])
    tables.write(frame, this.output.csv, frame, tables.SEARCH_CAPTION)
