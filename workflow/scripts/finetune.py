"""Fine-tune one encoder, go on where a killed run stopped, keep what came out."""

import torch

from resound import store
from resound.data.index import read_clips
from resound.jobs.script import job
from resound.provenance import spec_digest
from resound.training.checkpoint import resume_path, write_tensors
from resound.training.encoding import load_encoder
from resound.training.finetuning import finetune
from resound.training.tracking import Tracker

with job(snakemake) as this:
    spec = this.params.spec
    torch.set_num_threads(spec["encoder"]["threads"])
    digest = spec_digest(spec, this.params.code)
    resume = resume_path(this.output.model, digest)
    cell = dict(this.params.names.about)
    tracker = Tracker(this.params.tracking, digest, job_type=this.rule, cell=cell, spec=spec)
    audio = store.open_array(this.input.waveforms, spec=spec["audio"])
    trained = finetune(
        load_encoder(spec["encoder"], this.params.weights.block),
        audio,
        read_clips(this.input.clips),
        spec,
        resume=resume,
        on_epoch=tracker.epoch,
    )
    tensors = trained.network.trained_tensors() if trained.network else {}
    write_tensors(this.output.weights, this.output.model, tensors, trained.record)
    store.write_csv(trained.history, this.output.history)
    store.write_csv(trained.predictions, this.output.predictions)
    store.write_csv(trained.confusion, this.output.confusion)
    clips = dict(zip(audio.ids["clips"], audio.values, strict=True))
    tracker.finish(trained.record, trained.predictions, clips, spec["audio"]["sample_rate"])
    resume.unlink(missing_ok=True)
