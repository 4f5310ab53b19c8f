"""Store the clips that each query finds in an index, as `resound search` does."""

from resound.jobs.script import job
from resound.searching.measuring import search_sounds

with job(snakemake) as this:
    search_sounds(
        this.params.spec,
        index=this.input.index,
        places=this.input.places,
        clips=this.input.clips,
        split=this.input.split,
        data_root=this.params.data_root,
        output=this.output.hits,
        n_threads=this.threads,
    )
