"""Draw what a classifier takes for what, over all its splits and seeds."""

from functools import partial

import pandas as pd

from resound.evaluation.predictions import read_clip_scores
from resound.jobs.script import job
from resound.plots import confusion, style

with job(snakemake) as this:
    counts = confusion.confusion_of(pd.concat(map(read_clip_scores, this.input.scores)))
    draw = partial(confusion.draw, counts=counts, title=this.params.spec["title"])
    height = confusion.height(len(counts), len(confusion.most_confused(counts)))
    style.save(draw, this.output, height=height)
