"""Compute one tile of the distances between the queries and the gallery of a split."""

from functools import partial
from itertools import product

from resound import store
from resound.data.splits import read_split
from resound.jobs import job
from resound.progress import track
from resound.registry import DISTANCES
from resound.tiling import Tile

CLIPS_A_SIDE = 128  # of a block: clips of wide features are not held as a whole tile

with job(snakemake) as this:
    spec, tile = this.params.spec["distances"], Tile(**this.params.spec["tile"])
    queries, gallery = read_split(this.input.split)
    queries, gallery = queries[tile.rows], gallery[tile.columns]
    bank = store.open_array(this.input.bank, spec=spec["bank"])
    options = spec["options"] | spec["hardware"]
    pairwise = partial(DISTANCES[spec["distance"]], n_threads=this.threads, **options)
    dtype = pairwise(bank.rows(queries[:1]), bank.rows(gallery[:1])).dtype
    with store.create_array(
        this.output.distances,
        (len(queries), len(gallery)),
        dtype,
        spec=this.params.spec,
        ids={"queries": queries, "gallery": gallery},
    ) as distances:
        starts = product(*(range(0, len(side), CLIPS_A_SIDE) for side in (queries, gallery)))
        for i, j in track(list(starts), " ".join(this.wildcards)):
            rows, columns = slice(i, i + CLIPS_A_SIDE), slice(j, j + CLIPS_A_SIDE)
            distances[rows, columns] = pairwise(
                bank.rows(queries[rows]), bank.rows(gallery[columns])
            )
