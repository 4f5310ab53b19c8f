"""Fine-tune one encoder, go on where a killed run stopped, keep what came out."""

from resound.jobs.script import job
from resound.training.finetuning import FinetuneTask
from resound.training.run import train_and_keep

with job(snakemake) as this:
    task = FinetuneTask.read(
        this.params.spec,
        encoder=this.params.weights.block,
        waveforms=this.input.waveforms,
        clips=this.input.clips,
    )
    watched = {"code": this.params.code, "tracking": this.params.tracking}
    train_and_keep(task, dict(this.output.items()), cell=this.params.names.about, **watched)
