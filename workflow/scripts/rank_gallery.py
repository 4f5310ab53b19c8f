"""Put the tiles of one split together to the ranked hits of every query."""

import dataclasses

from resound import store
from resound.evaluation.tiles import READERS, gather, read_task
from resound.experiment.asides import record_of
from resound.jobs.script import job
from resound.training.record import check_unseen, read_record

with job(snakemake) as this:
    spec, division = this.params.spec, this.params.division
    task = read_task(this.input.clips, this.input.split, spec)
    if this.input.model:
        trained = spec["distances"]["bank"]["training"]
        check_unseen(read_record(this.input.model, spec=trained), task.queries["fold"])
    read = READERS[division.mode]
    hits = gather(task, division.tile_size, this.input.tiles, ranking=spec, read=read)
    store.write_table(task.table(hits), this.output.ranking, spec=spec)
    store.write_text(this.output.division, record_of(dataclasses.asdict(division), spec))
