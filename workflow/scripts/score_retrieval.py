"""Score every query of one ranking."""

from resound import store
from resound.data.index import read_clips
from resound.evaluation.scoring import score_queries
from resound.jobs import job

with job(snakemake) as this:
    spec = this.params.spec["ranking"]
    ranking = store.read_table(this.input.ranking, spec=spec)
    scores = score_queries(ranking, read_clips(this.input.clips), top_k=spec["top_k"])
    store.write_csv(scores, this.output.scores)
