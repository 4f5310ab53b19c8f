"""Store the embedding of every clip by an encoder as it was published, as a bank."""

import torch

from resound import store
from resound.jobs.script import job
from resound.training.encoding import load_encoder, run_over, write_bank

with job(snakemake) as this:
    spec = this.params.spec
    torch.set_num_threads(spec["encoder"]["threads"])
    audio = store.open_array(this.input.waveforms, spec=spec["audio"])
    encoder = load_encoder(spec["encoder"], this.params.weights.block)
    (embeddings,) = run_over(encoder, lambda x: [encoder.embed(x)], audio.values)
    write_bank(embeddings, this.output.bank, spec=spec, ids=audio.ids)
