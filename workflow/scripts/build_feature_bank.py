"""Compute one feature of all clips, batch by batch."""

from resound import store
from resound.features.extraction import extract_batch, feature_shape
from resound.jobs import job
from resound.progress import track

CLIPS_A_BATCH = 4  # keeps the spectra of a batch within the cache

with job(snakemake) as this:
    spec = this.params.spec
    name, settings = spec["feature"], {**spec["stft"], **spec["options"]}
    audio = store.open_array(this.input.waveforms, spec=spec["audio"])
    n_clips, n_samples = audio.values.shape
    shape = (n_clips, *feature_shape(name, n_samples, **settings))
    with store.create_array(this.output.bank, shape, "float32", spec=spec, ids=audio.ids) as bank:
        for start in track(range(0, n_clips, CLIPS_A_BATCH), f"{name} {this.wildcards.setting}"):
            batch = slice(start, start + CLIPS_A_BATCH)
            clips = audio.values[batch]
            bank[batch] = extract_batch(name, clips, n_threads=this.threads, **settings)
