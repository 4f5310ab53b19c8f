"""Distances between queries and gallery, computed from a bank, a tile of them at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from resound import store
from resound.data.splits import read_split
from resound.distances.calling import distances_by
from resound.evaluation.costs import ALL, Cost, write_costs
from resound.experiment.tiles import Tile
from resound.features.pooling import pooled
from resound.jobs.progress import bar
from resound.retrieval.normalisation import normalise

# Clips a side of what is computed at once; clips that do not follow each other are held as a copy.
BLOCKS = {"viewed": 512, "copied": 128}


class Compared(NamedTuple):
    """What a run compares, and by which distance.

    Attributes
    ----------
    asking, answering : StoredArray
        The banks of queries and of gallery clips: one, unless queries are parts of clips.
    pairwise : callable
        Returns the distances (q, g) of clips (q, n, d) to clips (g, m, d).
    """

    asking: store.StoredArray
    answering: store.StoredArray
    pairwise: Callable[..., npt.NDArray[np.floating[Any]]]

    def dtype(self, queries: Sequence[str], gallery: Sequence[str]) -> np.dtype[Any]:
        """Return the type of distances, by the first pair of some ids; the kernel is ready then."""
        x, y = self.asking.rows(queries[:1]), self.answering.rows(gallery[:1])
        return self.pairwise(x, y).dtype

    def blocks(
        self, queries: Sequence[str], gallery: Sequence[str]
    ) -> Iterator[tuple[slice, slice, npt.NDArray[np.floating[Any]]]]:
        """Yield the distances of some clips to some, by ids, block by block.

        Parameters
        ----------
        queries, gallery : sequence of str
            Ids of the clips that ask and of those that answer.

        Yields
        ------
        rows, columns : slice
            Which of them a block is of.
        distances : ndarray, shape (n_rows, n_columns)
            Theirs.
        """
        for rows, x in self.asking.parts(queries, **BLOCKS):
            for columns, y in self.answering.parts(gallery, **BLOCKS):
                yield rows, columns, self.pairwise(x, y)


def compute_distances(
    spec: Mapping[str, Any],
    *,
    split: store.AnyPath,
    bank: store.AnyPath,
    asking: store.AnyPath | None = None,
    output: store.AnyPath,
    costs: store.AnyPath,
    n_threads: int,
    title: str = "distances",
) -> None:
    """Store one tile of the distances of a split, block by block, and what it took.

    Parameters
    ----------
    spec : mapping
        As `resound.experiment.specs.distances` makes it, with its ``tile``.
    split, bank : path
        Which clips ask and which answer, and the bank of all clips.
    asking : path, optional
        The bank of the clips that ask; by default `bank`.
    output : path
        The distances (queries of the tile, gallery clips of the tile).
    costs : path
        As `resound.evaluation.costs.write_costs` writes them.
    n_threads : int
        Threads of the distance.
    title : str
        What a bar of progress is called.
    """
    distances, tile = spec["distances"], Tile(**spec["tile"])
    queries, gallery = read_split(split)
    compared = open_run(bank, distances, gallery, asking=asking, n_threads=n_threads)
    queries, gallery = queries[tile.rows], gallery[tile.columns]
    dtype, cost = compared.dtype(queries, gallery), Cost(ALL)
    shape, ids = (len(queries), len(gallery)), {"queries": queries, "gallery": gallery}
    with (
        store.create_array(output, shape, dtype, spec=spec, ids=ids) as array,
        bar(array.size, title) as advance,
        cost.counted(array.size),
    ):
        for rows, columns, values in compared.blocks(queries, gallery):
            array[rows, columns] = values
            advance(values.size)
    write_costs([cost], costs)


def open_run(
    bank: store.AnyPath,
    distances: Mapping[str, Any],
    gallery: Sequence[str],
    *,
    asking: store.AnyPath | None = None,
    n_threads: int,
) -> Compared:
    """Open what a run compares, and load its distance.

    Parameters
    ----------
    bank : path
        The bank of all clips.
    distances : mapping
        As `resound.experiment.specs.distances` makes it.
    gallery : sequence of str
        Ids of all clips that answer, on which a normalisation is fitted.
    asking : path, optional
        The bank of the clips that ask, of the spec ``asking``; by default `bank`.
    n_threads : int
        Threads of the distance.
    """
    options = distances["options"] | distances["hardware"]
    pairwise = partial(distances_by, distances["distance"], n_threads=n_threads, **options)
    answering = open_compared(bank, distances, gallery)
    if asking is None:
        return Compared(answering, answering, pairwise)
    parts = store.open_array(asking, spec=distances["asking"])
    if {"pooling", "normalise"} & set(distances):
        fitted = store.open_array(bank, spec=distances["bank"]).rows(gallery)
        parts = parts._replace(values=as_compared(parts.values, fitted, distances))
    return Compared(parts, answering, pairwise)


def open_compared(
    bank: store.AnyPath, distances: Mapping[str, Any], gallery: Sequence[str]
) -> store.StoredArray:
    """Open what is compared: a bank as it is stored, or pooled and normalised as its spec says.

    Parameters
    ----------
    bank : path
        The bank of all clips.
    distances : mapping
        As `resound.experiment.specs.distances` makes it.
    gallery : sequence of str
        Ids of all clips that answer, on which a normalisation is fitted.

    Returns
    -------
    StoredArray
        In memory where it is pooled or normalised, as the vectors of embeddings are few.
    """
    stored = store.open_array(bank, spec=distances["bank"])
    if not {"pooling", "normalise"} & set(distances):
        return stored
    values = as_compared(stored.values, stored.rows(gallery), distances)
    return stored._replace(values=values)


def as_compared(
    values: npt.NDArray[Any], gallery: npt.NDArray[Any], distances: Mapping[str, Any]
) -> npt.NDArray[np.floating]:
    """Return clips of a bank as a run compares them: pooled first, then normalised.

    Parameters
    ----------
    values : ndarray, shape (clips, n, dims)
        Of the bank, or of a recording in its form.
    gallery : ndarray, shape (n_gallery, n, dims)
        Clips of the bank on which a normalisation is fitted, in the same way pooled.
    distances : mapping
        As `resound.experiment.specs.distances` makes it; its ``pooling`` and ``normalise`` may be
        absent.

    Returns
    -------
    ndarray, shape (clips, n, dims)
        n is 1 where they are pooled.
    """
    pooling, steps = distances.get("pooling"), distances.get("normalise", ())
    clips = pooled(values, pooling)
    return normalise(clips, pooled(gallery, pooling), steps) if steps else clips
