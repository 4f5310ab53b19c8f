"""Place all clips on a plane by what a network or a feature makes of them."""

from resound import store
from resound.evaluation.maps import map_clips
from resound.jobs.script import job

with job(snakemake) as this:
    spec = this.params.spec
    bank = store.open_array(this.input.bank, spec=spec["bank"])
    prepared = {key: spec[key] for key in ("pooling", "normalise") if key in spec}
    points = map_clips(bank.values, bank.ids["clips"], **spec["tsne"], **prepared)
    store.write_csv(points, this.output.map)
