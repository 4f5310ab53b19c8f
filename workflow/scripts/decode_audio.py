"""Decode every clip to one sample rate and one length."""

from resound.data.waveforms import decode_audio
from resound.jobs.script import job

with job(snakemake) as this:
    decode_audio(
        this.params.spec,
        clips=this.input.clips,
        data_root=this.params.data_root,
        output=this.output.waveforms,
        n_threads=this.threads,
    )
