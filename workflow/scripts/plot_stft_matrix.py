"""Draw the spectrogram matrix, and a clip's spectrogram made by it beside the FFT's."""

from functools import partial

from resound import store
from resound.jobs.script import job
from resound.plots import stft_matrix, style

with job(snakemake) as this:
    spec = this.params.spec
    audio = store.open_array(this.input.waveforms, spec=spec["audio"])
    position = stft_matrix.position_of(spec["clip"], audio.ids["clips"])
    draw = partial(
        stft_matrix.draw,
        clip=audio.values[position],
        clip_id=audio.ids["clips"][position],
        sample_rate=spec["audio"]["sample_rate"],
        n_samples=spec["n_samples"],
        **spec["matrix"],
    )
    style.save(draw, this.output, height=stft_matrix.HEIGHT)
