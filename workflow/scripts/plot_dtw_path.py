"""Draw the local costs of two clips, and the path of least cost through them."""

from functools import partial

from resound import store
from resound.data.index import read_clips
from resound.distances.dtw_path import align
from resound.features.extraction import extract_batch
from resound.jobs.script import job
from resound.plots import alignment, choice, style

with job(snakemake) as this:
    spec, bank = this.params.spec, this.params.spec["bank"]
    index = read_clips(this.input.clips)
    chosen = spec["clips"] or choice.two_recordings(index)
    choice.check_clips("figures.dtw.clips", chosen, index["id"].tolist())
    waveforms = store.open_array(this.input.waveforms, spec=bank["audio"]).rows(chosen)
    frames = extract_batch(bank["feature"], waveforms, **bank["stft"], **bank["options"])
    draw = partial(
        alignment.draw_alignment,
        alignment=align(*frames, **spec["options"]),
        waveforms=list(waveforms),
        titles=choice.titles(index, chosen, separator=" "),
        about=bank["feature"],
        sample_rate=bank["stft"]["sample_rate"],
        hop_length=bank["stft"]["hop_length"],
    )
    style.save(draw, this.output, height=alignment.HEIGHT)
