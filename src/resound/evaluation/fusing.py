"""Fusions of stored distances: the choice of a method within the gallery, and what it makes."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound import store
from resound.data.index import read_clips
from resound.data.splits import read_split
from resound.evaluation.choosing import choose_by_folds, chosen_place, scores_within
from resound.evaluation.ranking import RankingTask
from resound.evaluation.tiles import stored_distances
from resound.experiment.asides import Division
from resound.experiment.tiles import Tile, grid
from resound.retrieval.fusion import Diffusion, Expansion, Gallery, Method
from resound.retrieval.scaling import SCALINGS, LocalScaling

Spec = Mapping[str, Any]
Real = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Stored:
    """The distances of one part of a fusion, as jobs have left them.

    Parameters
    ----------
    paths : tuple of path
        The file of each tile, row by row.
    tile_size : mapping
        Clips a side of a tile.
    """

    paths: tuple[store.AnyPath, ...]
    tile_size: Mapping[str, int]


class Tiled:
    """A matrix of distances in tiles, of which some rows are read at a time.

    Parameters
    ----------
    stored : Stored
        The files.
    spec : mapping
        Of the distances, as `resound.experiment.specs.distances` makes it.
    queries, gallery : sequence of str
        Ids of its rows and of its columns.

    Raises
    ------
    StoreError
        If a file is missing, damaged, of another spec or of other clips.
    """

    def __init__(
        self, stored: Stored, spec: Spec, queries: Sequence[str], gallery: Sequence[str]
    ) -> None:
        self.shape = len(queries), len(gallery)
        self._rows: list[tuple[slice, list[Real]]] = []
        tiles = grid(*self.shape, **stored.tile_size)
        pairs = zip(tiles, stored.paths, strict=True)
        for _, row in itertools.groupby(pairs, key=lambda pair: pair[0].row):
            opened = [
                (
                    tile,
                    stored_distances(path, tile, spec, queries[tile.rows], gallery[tile.columns]),
                )
                for tile, path in row
            ]
            self._rows.append((opened[0][0].rows, [values for _, values in opened]))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, places: npt.NDArray[np.intp]) -> Real:
        """Return the rows (n, N) at some places."""
        found = np.empty((len(places), self.shape[1]))
        for rows, parts in self._rows:
            here = (places >= rows.start) & (places < rows.stop)
            if here.any():
                of_row = places[here] - rows.start
                found[here] = np.concatenate([part[of_row] for part in parts], axis=1)
        return found


def stored_parts(
    files: Sequence[store.AnyPath], divisions: Sequence[tuple[str, Division]]
) -> list[Stored]:
    """Return the distances of each part among files of all of them.

    Parameters
    ----------
    files : sequence of path
        Tiles, each below the path of its run, those of a run row by row.
    divisions : sequence of (str, Division)
        Of each part the path of its run, and how it is divided.
    """
    return [
        Stored(
            tuple(file for file in files if f"/{path}/tile" in f"/{Path(file).as_posix()}"),
            division.tile_size,
        )
        for path, division in divisions
    ]


def candidates(options: Spec, n_parts: int) -> list[Method]:
    """Return the methods that a fusion's block lists, in their order, each once.

    Parameters
    ----------
    options : mapping
        ``scaling``, a list; and lists ``neighbours`` (of local scaling), ``weights``,
        ``expansion`` (0: none) and ``diffusion: {neighbours, alpha}``, which may be absent.
    n_parts : int
        Distances that are added.

    Examples
    --------
    >>> len(candidates({"scaling": ["local", "none"], "neighbours": [5, 10]}, 2))
    3
    """
    weights = options.get("weights") or [[1.0] * n_parts]
    spread = options.get("diffusion")
    diffusions: list[Diffusion | None] = [None]
    if spread:
        pairs = itertools.product(spread["neighbours"], spread["alpha"])
        diffusions = [Diffusion(neighbours, alpha) for neighbours, alpha in pairs]
    scalings = [
        LocalScaling(neighbours) if name == "local" else SCALINGS[name]()
        for name in options["scaling"]
        for neighbours in options.get("neighbours", [LocalScaling().neighbours])
    ]
    expansions = [Expansion(n) if n else None for n in options.get("expansion", [0])]
    asked = itertools.product(weights, scalings, expansions, diffusions)
    return list(dict.fromkeys(Method(tuple(map(float, w)), s, e, d) for w, s, e, d in asked))


def described(method: Method) -> dict[str, Any]:
    """Return what tells a method from others, of plain built-ins.

    Examples
    --------
    >>> described(Method((1.0,), LocalScaling(5), None, Diffusion(8, 0.9)))
    {'weights': '1', 'scaling': 'local 5', 'expansion': 0, 'joined': 8, 'alpha': 0.9}
    """
    scaling = next(name for name, of in SCALINGS.items() if type(method.scaling) is of)
    if isinstance(method.scaling, LocalScaling):
        scaling += f" {method.scaling.neighbours}"
    spread = method.diffusion
    return {
        "weights": " ".join(f"{weight:g}" for weight in method.weights),
        "scaling": scaling,
        "expansion": method.expansion.neighbours if method.expansion else 0,
        "joined": spread.neighbours if spread else 0,
        "alpha": spread.alpha if spread else 0.0,
    }


def choose(
    spec: Spec,
    *,
    clips: store.AnyPath,
    split: store.AnyPath,
    parts: Sequence[Stored],
    choice: store.AnyPath,
    curve: store.AnyPath,
) -> None:
    """Choose the method of a fusion by the folds of the gallery, each asking the others.

    Parameters
    ----------
    spec : mapping
        As `resound.experiment.specs.choice` makes it.
    clips, split : path
        The index, and the gallery's split within itself.
    parts : sequence of Stored
        Of each part the distances within the gallery.
    choice, curve : path
        As `resound.evaluation.choosing.choose_by_folds` writes them.

    Raises
    ------
    DataError
        When there is more than one candidate, and the gallery has no two folds.
    """
    methods = candidates(spec["methods"], len(parts))
    metric = spec["methods"]["chosen_by"]
    within, gallery = _within(spec, clips, split, parts)
    choose_by_folds(
        spec,
        [described(method) for method in methods],
        lambda place, fold: _asked_of_others(methods[place], within, gallery, fold, metric),
        sorted(gallery["fold"].unique()),
        what="methods of a fusion",
        choice=choice,
        curve=curve,
    )


def fuse_tile(
    spec: Spec,
    *,
    clips: store.AnyPath,
    splits: tuple[store.AnyPath, store.AnyPath],
    choice: store.AnyPath,
    asked: Sequence[Stored],
    within: Sequence[Stored],
    output: store.AnyPath,
) -> None:
    """Store the distances of some queries to all of the gallery by the method that was chosen.

    Parameters
    ----------
    spec : mapping
        ``distances`` as `resound.experiment.specs.distances` makes it of a fusion, and ``tile``.
    clips : path
        The index.
    splits : pair of path
        Which clips ask and which answer; and the gallery's split within itself.
    choice : path
        As `choose` has written it.
    asked, within : sequence of Stored
        Of each part the distances of the queries, and those within the gallery.
    output : path
        The distances (queries of the tile, gallery) in float64.

    Raises
    ------
    StoreError
        When a file is damaged or of another spec.
    """
    distances, tile = spec["distances"], Tile(**spec["tile"])
    method = candidates(distances["methods"], len(asked))[chosen_place(choice, distances)]
    matrices, gallery = _within(distances, clips, splits[1], within)
    index = read_clips(clips).set_index("id", drop=False)
    queries = index.loc[read_split(splits[0])[0]]
    own = distances.get("exclude_same_recording")
    keep = own is not None or distances["split"]["on_split_recording"] == "keep"
    task = RankingTask(queries, gallery, [1], own, recordings_apart=not keep)
    excluded = task.excluded(tile.rows)
    ids = list(queries["id"]), list(gallery["id"])
    places = np.arange(len(queries))[tile.rows]
    parts = []
    for stored, of_part in zip(asked, distances["asked"], strict=True):
        rows = Tiled(stored, of_part, *ids)[places]
        parts.append(np.where(excluded, np.inf, rows) if excluded is not None else rows)
    fused = Gallery(matrices, method).distances(parts)
    named = {"queries": ids[0][tile.rows], "gallery": ids[1]}
    with store.create_array(output, fused.shape, "float64", spec=spec, ids=named) as array:
        array[:] = fused


def _within(
    spec: Spec, clips: store.AnyPath, split: store.AnyPath, parts: Sequence[Stored]
) -> tuple[list[Tiled], pd.DataFrame]:
    """Return the distances within the gallery, of each part, and the rows of its clips."""
    index = read_clips(clips).set_index("id", drop=False)
    _, gallery = read_split(split)
    matrices = [
        Tiled(stored, of_part, gallery, gallery)
        for stored, of_part in zip(parts, spec["within"], strict=True)
    ]
    return matrices, index.loc[gallery]


def _asked_of_others(
    method: Method, within: Sequence[Tiled], gallery: pd.DataFrame, fold: int, metric: str
) -> pd.DataFrame:
    """Return the scores of the gallery's clips of one fold, which ask those of the others."""
    asks = (gallery["fold"] == fold).to_numpy()
    queries, others = np.flatnonzero(asks), np.flatnonzero(~asks)
    answers = Gallery([part[others][:, others] for part in within], method)
    distances = answers.distances([part[queries][:, others] for part in within])
    return scores_within(gallery, fold, distances, metric)
