"""Write down which clips ask and which answer in one split."""

from resound import store
from resound.data.index import read_clips
from resound.data.splits import split_clips
from resound.jobs.script import job

with job(snakemake) as this:
    split = split_clips(read_clips(this.input.clips), **this.params.spec)
    store.write_csv(split, this.output.split)
