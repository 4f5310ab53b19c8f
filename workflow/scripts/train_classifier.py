"""Train one network on one feature, go on where a killed run stopped, keep what came out."""

from pathlib import Path

import torch

from resound import store
from resound.data.index import read_clips
from resound.jobs import job
from resound.provenance import spec_digest
from resound.training.checkpoint import write_checkpoint
from resound.training.run import train_classifier
from resound.training.weights import read_weights

with job(snakemake) as this:
    spec = this.params.spec
    torch.set_num_threads(this.threads)
    # Not an output: Snakemake deletes those of a job that was killed.
    resume = Path(this.output.model).with_name(f".{spec_digest(spec, this.params.code)}.ckpt")
    for stale in set(resume.parent.glob(".*.ckpt")) - {resume}:
        stale.unlink()
    trained = train_classifier(
        store.open_array(this.input.bank, spec=spec["bank"]),
        read_clips(this.input.clips),
        spec,
        weights=read_weights(Path(this.input.weights)) if this.input.get("weights") else None,
        resume=resume,
    )
    write_checkpoint(this.output.weights, this.output.model, trained.network, trained.record)
    store.write_csv(trained.history, this.output.history)
    store.write_csv(trained.predictions, this.output.predictions)
    store.write_csv(trained.confusion, this.output.confusion)
    resume.unlink(missing_ok=True)
