"""Write the clips of a gallery into files, and which clip lies where."""

from resound.data.long_files import lay_clips
from resound.jobs.script import job

with job(snakemake) as this:
    lay_clips(
        this.params.spec,
        clips=this.input.clips,
        split=this.input.split,
        data_root=this.params.data_root,
        sounds=this.output.sounds,
        places=this.output.places,
        n_threads=this.threads,
    )
