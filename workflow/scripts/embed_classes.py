"""Store the embedding of every class's name, scaled: its product with a clip's is a logit."""

from resound.jobs.script import job
from resound.training.encoding import embed_classes

with job(snakemake) as this:
    embed_classes(
        this.params.spec,
        encoder=this.params.weights.block,
        clips=this.input.clips,
        bank=this.output.bank,
    )
