"""Rank the gallery for every query of one split."""

from resound import store
from resound.data.index import read_clips
from resound.evaluation.ranking import rank_clips
from resound.jobs import job

with job(snakemake) as this:
    spec = this.params.spec
    distances = store.open_array(this.input.distances, spec=spec["distances"])
    clips = read_clips(this.input.clips).set_index("id", drop=False)
    ranking = rank_clips(
        distances.values,
        clips.loc[distances.ids["queries"]],
        clips.loc[distances.ids["gallery"]],
        top_k=spec["top_k"],
        exclude_same_recording=spec.get("exclude_same_recording"),
    )
    store.write_table(ranking, this.output.ranking, spec=spec)
