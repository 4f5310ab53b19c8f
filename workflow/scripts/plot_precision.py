"""Draw how the precision of every method falls with the rank."""

from functools import partial

from resound import store
from resound.data.splits import read_split
from resound.evaluation.labels import FAMILIES
from resound.experiment.coordinates import Run
from resound.jobs.script import job
from resound.plots import retrieval, style

with job(snakemake) as this:
    runs = {table: [Run(*run) for run in listed] for table, listed in this.params.spec.items()}
    every = dict.fromkeys(run for listed in runs.values() for run in listed)
    rankings = dict(zip(every, map(store.read_table, this.input.rankings), strict=True))
    galleries = [len(gallery) for _, gallery in map(read_split, this.input.splits)]
    curves = {
        FAMILIES.get(table, table): retrieval.curves_of(
            {run: rankings[run] for run in listed}, min(galleries)
        )
        for table, listed in runs.items()
    }
    draw = partial(retrieval.draw_precision, tables=curves)
    style.save(draw, this.output, height=retrieval.precision_height(len(curves)))
