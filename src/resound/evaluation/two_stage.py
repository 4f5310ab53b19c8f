"""Two-stage searches in stored banks: the choice of their depth, and the tiles of what they find.

Of the second stage's distance only the proposed pairs are computed, whatever else of it is stored.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound import store
from resound.data.index import read_clips
from resound.data.splits import read_split
from resound.evaluation.choosing import choose_by_folds, chosen_place, scores_within
from resound.evaluation.costs import DECIDING, PROPOSING, Cost, write_costs
from resound.evaluation.distances import Compared, open_run
from resound.evaluation.tiles import read_task
from resound.experiment.tiles import Tile
from resound.jobs.progress import track
from resound.retrieval.candidates import NO_HIT
from resound.retrieval.ranking import rank
from resound.retrieval.two_stage import reordered

Spec = Mapping[str, Any]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """What both stages say of some queries: the proposed clips nearest by the first one first.

    Attributes
    ----------
    cheap : ndarray, shape (queries, gallery)
        Distances of the first stage.
    proposed : ndarray of int, shape (queries, depth)
        Positions in the gallery, -1 where there are no more.
    dear : ndarray, shape (queries, depth)
        Distances of the second stage.
    """

    cheap: Float64
    proposed: npt.NDArray[np.intp]
    dear: Float64

    def distances(self, depth: int) -> Float64:
        """Return the distances (queries, gallery) of a search of some depth, at most this one's."""
        return reordered(self.cheap, self.proposed[:, :depth], self.dear[:, :depth])


@dataclass(frozen=True)
class Stages:
    """Both stages of a search.

    Attributes
    ----------
    proposing, deciding : Compared
        What each compares, by which distance.
    costs : pair of Cost
        What each has taken.
    """

    proposing: Compared
    deciding: Compared
    costs: tuple[Cost, Cost]

    def search(
        self,
        queries: Sequence[str],
        gallery: Sequence[str],
        depth: int,
        excluded: npt.NDArray[np.bool_] | None = None,
    ) -> Found:
        """Search a gallery for some queries, all given by ids.

        Parameters
        ----------
        queries, gallery : sequence of str
            Ids of clips.
        depth : int
            Clips that are proposed to each query: all where the gallery has fewer. Of equally near
            ones those of the first ids are.
        excluded : ndarray of bool, shape (queries, gallery), optional
            Pairs that must not meet.
        """
        for stage in (self.proposing, self.deciding):
            stage.dtype(queries, gallery)  # a kernel is compiled or loaded before time is counted
        cheap = np.empty((len(queries), len(gallery)))
        with self.costs[0].counted(cheap.size):
            for rows, columns, values in self.proposing.blocks(queries, gallery):
                cheap[rows, columns] = values
            depth = min(depth, len(gallery))
            proposed, _ = rank(cheap, list(gallery), k=depth, excluded=excluded)
        dear = np.full(proposed.shape, np.inf)
        with self.costs[1].counted(int((proposed != NO_HIT).sum())):
            for row, query in enumerate(track(queries, "ordering what is proposed")):
                there = proposed[row] != NO_HIT
                if there.any():
                    clips = [gallery[place] for place in proposed[row, there]]
                    dear[row, there] = self._decided(query, clips)
        return Found(cheap, proposed, dear)

    def _decided(self, query: str, clips: Sequence[str]) -> npt.NDArray[np.floating[Any]]:
        x, y = self.deciding.asking.rows([query]), self.deciding.answering.rows(clips)
        distances: npt.NDArray[np.floating[Any]] = self.deciding.pairwise(x, y)[0]
        return distances


def choose_depth(
    spec: Spec,
    *,
    clips: store.AnyPath,
    split: store.AnyPath,
    banks: Sequence[store.AnyPath],
    choice: store.AnyPath,
    curve: store.AnyPath,
    n_threads: int,
) -> None:
    """Choose the depth of a two-stage search by the folds of the gallery, each asking the others.

    The second stage's distance is computed for the deepest candidate's pairs within the gallery,
    and for none where there is one candidate.

    Parameters
    ----------
    spec : mapping
        As `resound.experiment.specs.choice` makes it.
    clips, split : path
        The index, and the gallery's split within itself.
    banks : pair of path
        The bank of either stage.
    choice, curve : path
        As `resound.evaluation.choosing.choose_by_folds` writes them.
    n_threads : int
        Threads of the distances.

    Raises
    ------
    DataError
        When there is more than one depth, and the gallery has no two folds.
    """
    depths, metric = spec["methods"]["depth"], spec["methods"]["chosen_by"]
    ids = read_split(split)[1]
    gallery = read_clips(clips).set_index("id", drop=False).loc[ids]
    stages = open_stages(banks, spec["within"], ids, n_threads)

    @functools.cache
    def found(fold: int) -> Found:
        asks = (gallery["fold"] == fold).to_numpy()
        return stages.search(list(gallery["id"][asks]), list(gallery["id"][~asks]), max(depths))

    def scored(place: int, fold: int) -> pd.DataFrame:
        return scores_within(gallery, fold, found(fold).distances(depths[place]), metric)

    choose_by_folds(
        spec,
        [{"depth": depth} for depth in depths],
        scored,
        sorted(gallery["fold"].unique()),
        what="depths of a two-stage search",
        choice=choice,
        curve=curve,
    )


def search_tile(
    spec: Spec,
    *,
    clips: store.AnyPath,
    split: store.AnyPath,
    banks: Sequence[store.AnyPath],
    choice: store.AnyPath,
    output: store.AnyPath,
    costs: store.AnyPath,
    n_threads: int,
) -> None:
    """Store the distances of some queries to all of the gallery by a search of the chosen depth.

    Parameters
    ----------
    spec : mapping
        ``distances`` as `resound.experiment.specs.distances` makes it of a two-stage search, and
        ``tile``.
    clips, split : path
        The index, and which clips ask and which answer.
    banks : pair of path
        The bank of either stage.
    choice : path
        As `choose_depth` has written it.
    output : path
        The distances (queries of the tile, gallery) in float64.
    costs : path
        What either stage took, as `resound.evaluation.costs.write_costs` writes it.
    n_threads : int
        Threads of the distances.

    Raises
    ------
    StoreError
        When a file is damaged or of another spec.
    """
    distances, tile = spec["distances"], Tile(**spec["tile"])
    depth = distances["methods"]["depth"][chosen_place(choice, distances)]
    task = read_task(clips, split, {**distances, "top_k": [1], "distances": distances})
    gallery = list(task.gallery["id"])
    queries = list(task.queries["id"][tile.rows])
    stages = open_stages(banks, distances["asked"], gallery, n_threads)
    excluded = task.excluded(tile.rows)
    found = stages.search(queries, gallery, depth, excluded).distances(depth)
    if excluded is not None:
        found = np.where(excluded, np.inf, found)
    named = {"queries": queries, "gallery": gallery}
    with store.create_array(output, found.shape, "float64", spec=spec, ids=named) as array:
        array[:] = found
    write_costs(stages.costs, costs)


def open_stages(
    banks: Sequence[store.AnyPath], specs: Sequence[Spec], gallery: Sequence[str], n_threads: int
) -> Stages:
    """Open the banks of both stages.

    Parameters
    ----------
    banks : pair of path
        Of either stage.
    specs : pair of mapping
        As `resound.experiment.specs.distances` makes them.
    gallery : sequence of str
        Ids of all clips that answer, on which a normalisation is fitted.
    n_threads : int
        Threads of the distances.
    """
    proposing, deciding = (
        open_run(bank, spec, gallery, n_threads=n_threads)
        for bank, spec in zip(banks, specs, strict=True)
    )
    return Stages(proposing, deciding, (Cost(PROPOSING), Cost(DECIDING)))
