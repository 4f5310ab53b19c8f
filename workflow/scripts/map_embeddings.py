"""Place all clips on a plane by what a network makes of them."""

from resound import store
from resound.evaluation.maps import map_clips
from resound.jobs.script import job

with job(snakemake) as this:
    spec = this.params.spec
    bank = store.open_array(this.input.bank, spec=spec["bank"])
    pooling = spec.get("pooling")
    points = map_clips(bank.values, bank.ids["clips"], **spec["tsne"], pooling=pooling)
    store.write_csv(points, this.output.map)
