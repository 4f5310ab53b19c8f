"""Train one network on one feature, go on where a killed run stopped, keep what came out."""

from pathlib import Path

import torch

from resound import store
from resound.data.index import read_clips
from resound.encoders.tensors import read_state
from resound.jobs.script import job
from resound.provenance import spec_digest
from resound.training.checkpoint import resume_path, write_checkpoint
from resound.training.run import train_classifier
from resound.training.tracking import Tracker

with job(snakemake) as this:
    spec, cell = this.params.spec, dict(this.params.names.about)
    torch.set_num_threads(spec["threads"])
    digest = spec_digest(spec, this.params.code)
    resume = resume_path(this.output.model, digest)
    tracker = Tracker(this.params.tracking, digest, job_type=this.rule, cell=cell, spec=spec)
    trained = train_classifier(
        store.open_array(this.input.bank, spec=spec["bank"]),
        read_clips(this.input.clips),
        spec,
        weights=read_state(Path(this.input.weights)) if this.input.get("weights") else None,
        resume=resume,
        on_epoch=tracker.epoch,
    )
    write_checkpoint(this.output.weights, this.output.model, trained.network, trained.record)
    store.write_csv(trained.history, this.output.history)
    store.write_csv(trained.predictions, this.output.predictions)
    store.write_csv(trained.confusion, this.output.confusion)
    audio = store.open_array(this.input.waveforms, spec=spec["bank"]["audio"], verify=False)
    clips = dict(zip(audio.ids["clips"], audio.values, strict=True))
    tracker.finish(trained.record, trained.predictions, clips, spec["bank"]["audio"]["sample_rate"])
    resume.unlink(missing_ok=True)
