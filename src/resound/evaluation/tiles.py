"""Stored tiles of a run as ranked hits, with one tile and some lists in memory at a time."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound import store
from resound.data.index import read_clips
from resound.data.splits import read_split
from resound.errors import StoreError
from resound.evaluation.ranking import Lists, RankingTask
from resound.experiment.tiles import Tile, grid
from resound.retrieval.candidates import NO_HIT

Spec = Mapping[str, Any]
Reader = Callable[[store.AnyPath, RankingTask, Tile, Spec], Lists]


def read_task(clips: store.AnyPath, split: store.AnyPath, ranking: Spec) -> RankingTask:
    """Return what a ranking asks, from the files of the index and of the split, and its spec."""
    index = read_clips(clips).set_index("id", drop=False)
    queries, gallery = (index.loc[ids] for ids in read_split(split))
    return RankingTask(
        queries,
        gallery,
        ranking["top_k"],
        ranking.get("exclude_same_recording"),
        recordings_apart=ranking["distances"]["split"]["on_split_recording"] != "keep",
    )


def gather(
    task: RankingTask,
    tile_size: Mapping[str, int],
    paths: Iterable[store.AnyPath],
    *,
    ranking: Spec,
    read: Reader,
) -> Lists:
    """Return the hits of all tiles: the same, however many there are.

    Parameters
    ----------
    task : RankingTask
        What is ranked.
    tile_size : mapping
        Clips a side of a tile, as `resound.experiment.tiles.grid` takes them.
    paths : iterable of path
        The file of each tile, row by row.
    ranking : mapping
        The spec of the ranking, from which follows what must have made the files.
    read : callable
        One of `READERS`.

    Returns
    -------
    positions, scores : ndarray, shape (n_queries, depth)
        As `resound.retrieval.ranking.rank` returns them.

    Raises
    ------
    StoreError
        If a file is missing, damaged, of another spec or of other clips.
    """
    tiles = grid(len(task.queries), len(task.gallery), **tile_size)
    stored = zip(tiles, paths, strict=True)
    rows = [
        task.merge([read(path, task, tile, ranking) for tile, path in row])
        for _, row in itertools.groupby(stored, key=lambda pair: pair[0].row)
    ]
    positions, scores = (np.concatenate(side) for side in zip(*rows, strict=True))
    return positions, scores


def ranked_distances(path: store.AnyPath, task: RankingTask, tile: Tile, ranking: Spec) -> Lists:
    """Rank the distances of a tile.

    Parameters
    ----------
    path : path
        The tile's file.
    task : RankingTask
        What is ranked.
    tile : Tile
        Which queries and gallery clips.
    ranking : mapping
        The spec of the ranking.

    Returns
    -------
    positions, scores : ndarray, shape (n_tile_queries, depth)
        Hits as `RankingTask.rank` returns them, positions in the whole gallery.

    Raises
    ------
    StoreError
        If the file is missing, damaged, of another spec or of other clips.
    """
    clips = _clips(task, tile)
    values = stored_distances(path, tile, ranking["distances"], *map(list, clips))
    return task.rank(values, tile.rows, tile.columns)


def stored_distances(
    path: store.AnyPath, tile: Tile, spec: Spec, queries: Sequence[str], gallery: Sequence[str]
) -> npt.NDArray[np.floating[Any]]:
    """Return the distances (queries, gallery) of a tile, which is not read before it is used.

    Parameters
    ----------
    path : path
        The tile's file.
    tile : Tile
        Which it is.
    spec : mapping
        Of the distances.
    queries, gallery : sequence of str
        The ids that it must be of.

    Returns
    -------
    ndarray, shape (n_queries, n_gallery)
        A memory map.

    Raises
    ------
    StoreError
        If the file is missing, damaged, of another spec or of other clips.
    """
    stored = store.open_array(path, spec={"distances": spec, "tile": tile._asdict()})
    for side, clips in (("queries", queries), ("gallery", gallery)):
        if stored.ids[side] != [*clips]:
            raise StoreError(f"{path}: its {side} are not those of the split; {store.AGAIN}")
    return stored.values


def listed_hits(path: store.AnyPath, task: RankingTask, tile: Tile, ranking: Spec) -> Lists:
    """Return the hits of a tile that a search found, from their `RankingTask.table`.

    Parameters
    ----------
    path : path
        The tile's file.
    task : RankingTask
        What is ranked.
    tile : Tile
        Which queries and gallery clips.
    ranking : mapping
        The spec of the ranking.

    Returns
    -------
    positions, scores : ndarray, shape (n_tile_queries, depth)
        Hits as `RankingTask.rank` returns them, positions in the whole gallery.

    Raises
    ------
    StoreError
        If the file is missing, damaged, of another spec or of other clips.
    """
    hits = store.read_table(path, spec={"ranking": ranking, "tile": tile._asdict()})
    queries, gallery = _clips(task, tile)
    row = queries.get_indexer(pd.Index(hits["query"]))
    position = gallery.get_indexer(pd.Index(hits["hit"]))
    column, found = hits["rank"].to_numpy() - 1, hits["score"].to_numpy()
    if (row < 0).any() or (position < 0).any() or (column >= task.depth).any():
        raise StoreError(f"{path}: its hits are not those of the split; {store.AGAIN}")
    shape = len(queries), task.depth
    positions, scores = np.full(shape, NO_HIT), np.full(shape, np.inf, found.dtype)
    positions[row, column] = position + tile.columns.start
    scores[row, column] = found
    return positions, scores


READERS: Mapping[str, Reader] = MappingProxyType({"full": ranked_distances, "top_k": listed_hits})


def _clips(task: RankingTask, tile: Tile) -> tuple[pd.Index, pd.Index]:
    return pd.Index(task.queries["id"][tile.rows]), pd.Index(task.gallery["id"][tile.columns])
