"""Store what a trained network makes of every clip, a vector or a sequence of them, as a bank."""

import torch

from resound import store
from resound.jobs.script import job
from resound.training.checkpoint import read_checkpoint

with job(snakemake) as this:
    spec = this.params.spec
    torch.set_num_threads(spec["training"]["threads"])
    bank = store.open_array(this.input.bank, spec=spec["training"]["bank"])
    trained = read_checkpoint(this.input.weights, this.input.model, spec=spec["training"])
    embeddings = trained.embed(trained.transform.of_bank(bank.values, bank.ids["clips"]))
    frames = embeddings.reshape(len(embeddings), -1, embeddings.shape[-1])
    with store.create_array(
        this.output.bank, frames.shape, "float32", spec=spec, ids=bank.ids
    ) as array:
        array[:] = frames
