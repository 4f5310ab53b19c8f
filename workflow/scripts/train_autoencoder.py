"""Train one autoencoder, go on where a killed run stopped, keep what came out."""

from resound.jobs.script import job
from resound.training.reconstruction import ReconstructionTask
from resound.training.run import train_and_keep

with job(snakemake) as this:
    task = ReconstructionTask.read(this.params.spec, bank=this.input.bank, clips=this.input.clips)
    watched = {"code": this.params.code, "tracking": this.params.tracking}
    train_and_keep(task, dict(this.output.items()), cell=this.params.names.about, **watched)
