"""Score every query of one ranking, or of one for each random order of the tied clips."""

from functools import partial

from resound import store
from resound.data.index import read_clips
from resound.evaluation.scoring import score_orders, score_queries
from resound.evaluation.tiles import gather, ranked_distances, read_task
from resound.jobs.script import job

with job(snakemake) as this:
    spec, clips = this.params.spec["ranking"], read_clips(this.input.clips)
    if "ties" in this.params.spec:
        rank = partial(
            gather,
            tile_size=this.params.division.tile_size,
            paths=this.input.tiles,
            ranking=spec,
            read=ranked_distances,
        )
        task = read_task(this.input.clips, this.input.split, spec)
        scores = score_orders(task, rank, clips, **this.params.spec["ties"])
    else:
        ranking = store.read_table(this.input.ranking, spec=spec)
        scores = score_queries(ranking, clips, top_k=spec["top_k"])
    store.write_csv(scores, this.output.scores)
