"""Tell the classes of disturbed test clips by what was trained on clips as they are."""

from resound.evaluation.disturbed import answer_disturbed
from resound.jobs.script import job

with job(snakemake) as this:
    files = dict(this.input.items())
    answer_disturbed(
        this.params.spec,
        files=files,
        clips=files.pop("clips"),
        output=this.output.predictions,
    )
