"""Compute one tile of the distances between the queries and the gallery of a split."""

from functools import partial

from resound import store
from resound.data.splits import read_split
from resound.experiment.tiles import Tile
from resound.jobs.progress import bar
from resound.jobs.script import job
from resound.registry import DISTANCES

# Clips a side of what is computed at once; clips that do not follow each other are held as a copy.
BLOCKS = {"viewed": 512, "copied": 128}

with job(snakemake) as this:
    spec, tile = this.params.spec["distances"], Tile(**this.params.spec["tile"])
    queries, gallery = read_split(this.input.split)
    queries, gallery = queries[tile.rows], gallery[tile.columns]
    bank = store.open_array(this.input.bank, spec=spec["bank"])
    options = spec["options"] | spec["hardware"]
    pairwise = partial(DISTANCES[spec["distance"]], n_threads=this.threads, **options)
    dtype = pairwise(bank.rows(queries[:1]), bank.rows(gallery[:1])).dtype
    with (
        store.create_array(
            this.output.distances,
            (len(queries), len(gallery)),
            dtype,
            spec=this.params.spec,
            ids={"queries": queries, "gallery": gallery},
        ) as distances,
        bar(distances.size, "distances") as advance,
    ):
        for rows, x in bank.parts(queries, **BLOCKS):
            for columns, y in bank.parts(gallery, **BLOCKS):
                distances[rows, columns] = pairwise(x, y)
                advance(len(x) * len(y))
