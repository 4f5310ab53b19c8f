"""Store the hidden vector that a fine-tuned encoder makes of a part of every clip."""

import torch

from resound import store
from resound.jobs.script import job
from resound.training.encoding import load_encoder, write_bank
from resound.training.finetuning import masked_hidden, read_finetuned

with job(snakemake) as this:
    spec, training = this.params.spec, this.params.spec["training"]
    torch.set_num_threads(training["encoder"]["threads"])
    audio = store.open_array(this.input.waveforms, spec=training["audio"])
    encoder = load_encoder(training["encoder"], this.params.weights.block)
    network = read_finetuned(encoder, this.input.weights, this.input.model, spec=training)
    hidden = masked_hidden(network, audio.values, **spec["masked"])
    write_bank(hidden, this.output.bank, spec=spec, ids=audio.ids)
