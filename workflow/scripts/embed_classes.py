"""Store the embedding of every class's name, scaled: its product with a clip's is a logit."""

import torch

from resound.data.index import read_clips
from resound.jobs.script import job
from resound.training.encoding import load_encoder, write_bank

with job(snakemake) as this:
    spec = this.params.spec
    torch.set_num_threads(spec["encoder"]["threads"])
    classes = sorted(set(read_clips(this.input.clips)["category"]))
    encoder = load_encoder(spec["encoder"], this.params.weights.block)
    with torch.inference_mode():
        vectors = encoder.logit_scale * encoder.embed_classes(classes)
    write_bank(vectors.numpy(), this.output.bank, spec=spec, ids={"classes": classes})
