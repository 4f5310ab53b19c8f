"""Draw the training curves of all networks."""

from functools import partial

from resound import store
from resound.experiment.coordinates import Cell
from resound.jobs.script import job
from resound.plots import style, training

with job(snakemake) as this:
    cells = (Cell(*cell) for cell in this.params.spec)
    histories = list(zip(cells, map(store.read_csv, this.input.histories), strict=True))
    draw = partial(training.draw, histories=histories)
    style.save(draw, this.output, height=training.height(histories))
