"""Put the tiles of one split together to the ranked hits of every query."""

from resound import store
from resound.evaluation.tiles import READERS, gather, read_task
from resound.jobs.script import job
from resound.training.record import check_unseen, read_record

with job(snakemake) as this:
    spec, ranking = this.params.spec, this.params.spec["ranking"]
    task = read_task(this.input.clips, this.input.split, ranking)
    if this.input.model:
        trained = ranking["distances"]["bank"]["training"]
        check_unseen(read_record(this.input.model, spec=trained), task.queries["fold"])
    read = READERS[spec["mode"]]
    hits = gather(task, spec["tile_size"], this.input.tiles, ranking=ranking, read=read)
    store.write_table(task.table(hits), this.output.ranking, spec=ranking)
