"""Compare one feature with librosa's on clips spread evenly over the data set."""

from resound.evaluation.validation import validate_features
from resound.jobs.script import job

with job(snakemake) as this:
    validate_features(
        this.params.spec,
        waveforms=this.input.waveforms,
        setting=this.params.names.about["setting"],
        output=this.output.comparison,
    )
