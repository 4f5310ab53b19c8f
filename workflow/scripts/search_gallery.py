"""Find the hits of one tile without all of its distances, and count what that took."""

import dataclasses

import pandas as pd

from resound import store
from resound.evaluation.tiles import read_task
from resound.experiment.tiles import Tile
from resound.jobs.script import job
from resound.registry import SEARCHES

with job(snakemake) as this:
    ranking, tile = this.params.spec["ranking"], Tile(**this.params.spec["tile"])
    spec = ranking["distances"]
    task = read_task(this.input.clips, this.input.split, ranking)
    bank = store.open_array(this.input.bank, spec=spec["bank"])
    hits, statistics = task.search(
        SEARCHES[spec["distance"]],
        tile.rows,
        tile.columns,
        bank.rows(task.queries["id"][tile.rows]),
        bank.rows(task.gallery["id"][tile.columns]),
        n_threads=this.threads,
        **spec["options"],
    )
    store.write_table(task.table(hits, tile.rows), this.output.hits, spec=this.params.spec)
    row = {**this.params.names.about, **dataclasses.asdict(statistics)}
    store.write_csv(pd.DataFrame([row]), this.output.statistics)
