"""Score every test clip of one trained network."""

from resound import store
from resound.data.index import read_clips
from resound.evaluation.predictions import read_predictions, score_clips
from resound.jobs.script import job

with job(snakemake) as this:
    predictions = read_predictions(this.input.predictions)
    store.write_csv(score_clips(predictions, read_clips(this.input.clips)), this.output.scores)
