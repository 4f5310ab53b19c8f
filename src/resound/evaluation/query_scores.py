"""Scores of the queries of a run, from its files."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from resound import store
from resound.data.index import read_clips
from resound.evaluation.scoring import score_orders, score_queries
from resound.evaluation.tiles import gather, ranked_distances, read_task


def score_retrieval(
    spec: Mapping[str, Any],
    *,
    clips: store.AnyPath,
    split: store.AnyPath,
    ranking: store.AnyPath,
    tiles: Sequence[store.AnyPath],
    tile_size: Mapping[str, int],
    output: store.AnyPath,
) -> None:
    """Score every query of one ranking, or of one for each random order of the tied clips.

    Parameters
    ----------
    spec : mapping
        As `resound.experiment.specs.scores` makes it; with ``ties`` for random orders.
    clips, split : path
        The index, and which clips ask and which answer.
    ranking : path
        The ranked hits, which are read where ties are not ordered anew.
    tiles : sequence of path
        The distances, which are read where they are.
    tile_size : mapping
        Clips a side of a tile.
    output : path
        A row a query, and order.
    """
    index, ranked = read_clips(clips), spec["ranking"]
    if "ties" in spec:
        read: dict[str, Any] = {"ranking": ranked, "read": ranked_distances}
        rank = partial(gather, tile_size=tile_size, paths=tiles, **read)
        scores = score_orders(read_task(clips, split, ranked), rank, index, **spec["ties"])
    else:
        hits = store.read_table(ranking, spec=ranked)
        scores = score_queries(hits, index, top_k=ranked["top_k"])
    store.write_csv(scores, output)
