"""Store what a fine-tuned encoder and its head make of every clip, each vector as a bank."""

import torch

from resound import store
from resound.jobs.script import job
from resound.training.encoding import load_encoder, write_bank
from resound.training.finetuning import read_finetuned, vectors_of

with job(snakemake) as this:
    training = next(iter(this.params.spec.values()))["training"]
    torch.set_num_threads(training["encoder"]["threads"])
    audio = store.open_array(this.input.waveforms, spec=training["audio"])
    encoder = load_encoder(training["encoder"], this.params.weights.block)
    network = read_finetuned(encoder, this.input.weights, this.input.model, spec=training)
    vectors = vectors_of(network, audio.values)
    for vector, spec in this.params.spec.items():
        write_bank(vectors[vector], this.output[vector], spec=spec, ids=audio.ids)
