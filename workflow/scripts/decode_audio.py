"""Decode every clip to one sample rate and one length."""

from pathlib import Path

from resound import audio, store
from resound.data.index import read_clips
from resound.jobs.script import job

with job(snakemake) as this:
    spec = this.params.spec
    clips = read_clips(this.input.clips)
    with store.create_array(
        this.output.waveforms,
        (len(clips), audio.count_samples(spec["duration"], spec["sample_rate"])),
        "float32",
        spec=spec,
        ids={"clips": list(clips["id"])},
    ) as waveforms:
        audio.decode_clips(
            [Path(this.params.data_root, file) for file in clips["file"]],
            waveforms,
            sample_rate=spec["sample_rate"],
            duration=spec["duration"],
            quality=spec["resampling"],
            n_threads=this.threads,
            digests=list(clips["sha256"]),
        )
