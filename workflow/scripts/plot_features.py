"""Draw the waveforms of some clips, and below them their features."""

from functools import partial

from resound import store
from resound.data.index import read_clips
from resound.features.extraction import extract_batch
from resound.jobs.script import job
from resound.plots import choice, clips, style

with job(snakemake) as this:
    spec = this.params.spec
    index = read_clips(this.input.clips)
    chosen = spec["clips"] or choice.one_of_each_group(index)
    choice.check_clips("figures.features.clips", chosen, index["id"].tolist())
    waveforms = store.open_array(this.input.waveforms, spec=spec["audio"]).rows(chosen)
    features = {
        name: extract_batch(name, waveforms, **bank["stft"], **bank["options"])
        for name, bank in spec["banks"].items()
    }
    draw = partial(
        clips.draw_features,
        waveforms=list(waveforms),
        features=features,
        titles=choice.titles(index, chosen),
        sample_rate=spec["audio"]["sample_rate"],
        hop_length=next(iter(spec["banks"].values()))["stft"]["hop_length"],
    )
    style.save(draw, this.output, height=clips.features_height(len(features)))
