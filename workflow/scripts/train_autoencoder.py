"""Train one autoencoder, go on where a killed run stopped, keep what came out."""

import torch

from resound import store
from resound.data.index import read_clips
from resound.jobs.script import job
from resound.provenance import spec_digest
from resound.training.checkpoint import resume_path, write_checkpoint
from resound.training.reconstruction import train_autoencoder
from resound.training.tracking import Tracker

with job(snakemake) as this:
    spec = this.params.spec
    torch.set_num_threads(spec["threads"])
    digest = spec_digest(spec, this.params.code)
    resume = resume_path(this.output.model, digest)
    cell = dict(this.params.names.about)
    tracker = Tracker(this.params.tracking, digest, job_type=this.rule, cell=cell, spec=spec)
    trained = train_autoencoder(
        store.open_array(this.input.bank, spec=spec["bank"]),
        read_clips(this.input.clips),
        spec,
        resume=resume,
        on_epoch=tracker.epoch,
    )
    write_checkpoint(this.output.weights, this.output.model, trained.network, trained.record)
    store.write_csv(trained.history, this.output.history)
    tracker.finish(trained.record)
    resume.unlink(missing_ok=True)
