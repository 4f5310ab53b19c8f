"""Draw the map of one embedding, by group and by class."""

from functools import partial

from resound.data.index import read_clips
from resound.data.splits import read_split
from resound.evaluation.maps import read_map
from resound.jobs.script import job
from resound.plots import style, tsne

with job(snakemake) as this:
    points = read_map(this.input.map).set_index("clip_id")
    clips = read_clips(this.input.clips).set_index("id").join(points, how="inner")
    queries, _ = read_split(this.input.split)
    clips = clips.assign(query=clips.index.isin(queries)).sort_values("target", kind="stable")
    draw = partial(tsne.draw, clips=clips, title=this.params.spec["title"])
    style.save(draw, this.output, height=tsne.height(clips))
