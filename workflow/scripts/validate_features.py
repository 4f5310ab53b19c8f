"""Compare one feature with librosa's on clips spread evenly over the data set."""

import numpy as np
import pandas as pd

from resound import store
from resound.evaluation.validation import compare
from resound.jobs.script import job

with job(snakemake) as this:
    spec = this.params.spec
    audio = store.open_array(this.input.waveforms, spec=spec["audio"])
    n_clips = min(spec["clips"], len(audio.values))
    chosen = np.linspace(0, len(audio.values) - 1, n_clips).round().astype(int)
    rows = compare(spec["feature"], audio.values[chosen], **spec["stft"], **spec["options"])
    frame = pd.DataFrame(rows)
    frame.insert(1, "setting", this.params.names.about["setting"])
    frame.insert(2, "clips", n_clips)
    store.write_csv(frame, this.output.comparison)
