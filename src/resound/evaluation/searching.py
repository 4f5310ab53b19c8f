"""The search for the hits of one tile in a bank, without all of its distances."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import pandas as pd

from resound import store
from resound.evaluation.distances import open_compared
from resound.evaluation.tiles import read_task
from resound.experiment.tiles import Tile
from resound.registry import SEARCHES


def search_gallery(
    spec: Mapping[str, Any],
    *,
    clips: store.AnyPath,
    split: store.AnyPath,
    bank: store.AnyPath,
    hits: store.AnyPath,
    statistics: store.AnyPath,
    about: Mapping[str, Any],
    n_threads: int,
) -> None:
    """Store the hits of one tile, and what it took to find them.

    Parameters
    ----------
    spec : mapping
        As `resound.experiment.specs.ranking` makes it, with its ``tile``.
    clips, split, bank : path
        The index, which clips ask and which answer, and the bank of all clips.
    hits, statistics : path
        The ranked hits of the tile's queries, and one row of counts.
    about : mapping
        What that row begins with: the run.
    n_threads : int
        Threads of the search.
    """
    ranking, tile = spec["ranking"], Tile(**spec["tile"])
    distances, task = ranking["distances"], read_task(clips, split, ranking)
    compared = open_compared(bank, distances, list(task.gallery["id"]))
    found, counts = task.search(
        SEARCHES[distances["distance"]],
        tile.rows,
        tile.columns,
        compared.rows(list(task.queries["id"][tile.rows])),
        compared.rows(list(task.gallery["id"][tile.columns])),
        n_threads=n_threads,
        **distances["options"],
    )
    store.write_table(task.table(found, tile.rows), hits, spec=spec)
    store.write_csv(pd.DataFrame([{**about, **dataclasses.asdict(counts)}]), statistics)
