"""Compute the distances between the queries and the gallery of one split, tile by tile."""

from itertools import product

from resound import store
from resound.data.splits import read_split
from resound.jobs import job
from resound.progress import track
from resound.registry import DISTANCES

CLIPS_A_SIDE = 128

with job(snakemake) as this:
    spec = this.params.spec
    pairwise = DISTANCES[spec["distance"]]
    bank = store.open_array(this.input.bank, spec=spec["bank"])
    position = {clip: i for i, clip in enumerate(bank.ids["clips"])}
    queries, gallery = read_split(this.input.split)
    rows, columns = ([position[clip] for clip in side] for side in (queries, gallery))
    with store.create_array(
        this.output.distances,
        (len(queries), len(gallery)),
        "float64",
        spec=spec,
        ids={"queries": queries, "gallery": gallery},
    ) as distances:
        starts = product(*(range(0, len(side), CLIPS_A_SIDE) for side in (rows, columns)))
        for i, j in track(list(starts), " ".join(this.wildcards)):
            distances[i : i + CLIPS_A_SIDE, j : j + CLIPS_A_SIDE] = pairwise(
                bank.values[rows[i : i + CLIPS_A_SIDE]],
                bank.values[columns[j : j + CLIPS_A_SIDE]],
                n_threads=this.threads,
                **spec["options"],
            )
