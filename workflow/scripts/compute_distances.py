"""Compute the distances between the queries and the gallery of one split, tile by tile."""

from itertools import product

from resound import store
from resound.data.index import read_clips
from resound.data.splits import split_positions
from resound.jobs import job
from resound.progress import track
from resound.registry import DISTANCES

CLIPS_A_SIDE = 128

with job(snakemake) as this:
    spec = this.params.spec
    pairwise = DISTANCES[spec["distance"]]
    bank = store.open_array(this.input.bank, spec=spec["bank"])
    clips = read_clips(this.input.clips).set_index("id").loc[bank.ids["clips"]]
    queries, gallery = split_positions(clips["fold"], spec["query_folds"])
    with store.create_array(
        this.output.distances,
        (len(queries), len(gallery)),
        spec["options"].get("dtype", "float32"),
        spec=spec,
        ids={"queries": list(clips.index[queries]), "gallery": list(clips.index[gallery])},
    ) as distances:
        sides = [range(0, len(side), CLIPS_A_SIDE) for side in (queries, gallery)]
        for i, j in track(list(product(*sides)), " ".join(this.wildcards)):
            rows, columns = slice(i, i + CLIPS_A_SIDE), slice(j, j + CLIPS_A_SIDE)
            distances[rows, columns] = pairwise(
                bank.values[queries[rows]],
                bank.values[gallery[columns]],
                n_threads=this.threads,
                **spec["options"],
            )
