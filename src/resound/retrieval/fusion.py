"""Ranking methods: distances of several kinds, scaled, added, and spread over the gallery.

A `Method` says what is done, in this order: each distance is scaled by the neighbourhoods of its
clips (`resound.retrieval.scaling`), the scaled ones are added with their weights, the query's list
is mixed with those of its nearest gallery clips (`Expansion`), and similarity spreads over the
gallery's graph (`Diffusion`, `resound.retrieval.graph`). `Gallery` holds what of this concerns the
gallery alone: it is computed once. Nothing sees a label, and no query sees another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from resound.errors import ParameterError, check_positive_int
from resound.retrieval import graph
from resound.retrieval.scaling import Scaling, Unscaled

Float64 = npt.NDArray[np.float64]

# Rows of the gallery that are held at a time.
BLOCK = 512


@dataclass(frozen=True)
class Expansion:
    """A query's list is the mean of its own and those of its nearest clips.

    Parameters
    ----------
    neighbours : int
        Clips whose lists come in.
    decay : float
        Weight of the list of each of them as a multiple of that of the one before, the query's own
        being first: 1 weighs all alike.

    References
    ----------
    O. Chum et al., "Total recall: automatic query expansion with a generative feature model for
    object retrieval", ICCV 2007.
    """

    neighbours: int
    decay: float = 0.5

    def __post_init__(self) -> None:
        check_positive_int("neighbours", self.neighbours, "clips")
        if not 0 < self.decay <= 1:
            raise ParameterError(f"decay={self.decay!r} must be more than 0 and at most 1")


@dataclass(frozen=True)
class Diffusion:
    """Similarity spreads over the gallery's graph.

    Parameters
    ----------
    neighbours : int
        To which each clip, and the query, is joined.
    alpha : float
        How far it spreads: from 0, not at all, to below 1.
    """

    neighbours: int
    alpha: float

    def __post_init__(self) -> None:
        check_positive_int("neighbours", self.neighbours, "clips")
        if not 0 <= self.alpha < 1:
            raise ParameterError(f"alpha={self.alpha!r} must be at least 0 and less than 1")


@dataclass(frozen=True)
class Method:
    """How distances become an order of the gallery.

    Parameters
    ----------
    weights : tuple of float
        Of each kind of distance, at least 0, not all 0.
    scaling : Scaling
        Of each of them, before they are added.
    expansion : Expansion or None
        Of the queries.
    diffusion : Diffusion or None
        Over the gallery's graph.
    """

    weights: tuple[float, ...] = (1.0,)
    scaling: Scaling = field(default_factory=Unscaled)
    expansion: Expansion | None = None
    diffusion: Diffusion | None = None

    def __post_init__(self) -> None:
        weights = np.asarray(self.weights, np.float64)
        if not weights.size or not np.isfinite(weights).all() or (weights < 0).any():
            raise ParameterError(f"weights={self.weights!r} must be numbers from 0 on")
        if not weights.any():
            raise ParameterError(f"weights={self.weights!r} are all 0: nothing is left to rank by")


class Matrix(Protocol):
    """Distances of which some rows are read at a time: an array, a memory map, tiles of them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""

    def __len__(self) -> int: ...

    def __getitem__(self, places: npt.NDArray[np.intp], /) -> npt.NDArray[np.floating]: ...


class Gallery:
    """A gallery as a method sees it.

    Parameters
    ----------
    within : sequence of Matrix, each of shape (N, N)
        The distances of the gallery's clips to one another, of each kind: at least 0. They may be
        memory maps: `BLOCK` rows of each are held at a time. What stands on the diagonal counts
        not: a clip is no neighbour of its own.
    method : Method
        What is done.

    Raises
    ------
    ParameterError
        When the kinds of distances do not fit one another or the weights.

    Examples
    --------
    Two kinds of distance, added; the second is in other units:

    >>> within = [np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.0, 50.0], [50.0, 0.0]])]
    >>> gallery = Gallery(within, Method(weights=(1.0, 0.02)))
    >>> gallery.distances([np.array([[3.0, 1.0]]), np.array([[50.0, 200.0]])])
    array([[4., 5.]])
    """

    def __init__(self, within: Sequence[Matrix], method: Method) -> None:
        if len(within) != len(method.weights):
            raise ParameterError(
                f"{len(within)} kinds of distances and {len(method.weights)} weights: one for each"
            )
        self.size = len(within[0])
        for part in within:
            if part.shape != (self.size, self.size) or not self.size:
                raise ParameterError(
                    f"distances within a gallery of shape {part.shape} must be ({self.size}, "
                    f"{self.size}), for the same clips, at least one"
                )
        self.method = method
        self._within = within
        self._kept = [
            np.concatenate([method.scaling.statistics(rows) for _, rows in self._blocks(part)])
            for part in within
        ]
        self._graph = self._joined(method.diffusion) if method.diffusion else None

    def distances(self, asked: Sequence[npt.NDArray[np.floating]]) -> Float64:
        """Return the distances (Q, N) of queries to the gallery.

        Parameters
        ----------
        asked : sequence of array_like, each of shape (Q, N)
            Of each kind; infinity where a pair must not meet, in all of them alike.

        Returns
        -------
        ndarray, shape (Q, N)
            At least 0. The row of a query depends on no other.

        Raises
        ------
        ParameterError
            When they do not fit the gallery, are negative or NaN.
        """
        rows = [self._checked(part) for part in asked]
        if len(rows) != len(self._within) or len({part.shape for part in rows}) != 1:
            shapes = [part.shape for part in rows]
            raise ParameterError(
                f"distances of shapes {shapes} must be {len(self._within)} of one shape"
            )
        statistics = [self.method.scaling.statistics(part) for part in rows]
        fused = self._fused(rows, statistics)
        if self.method.expansion:
            fused = self._expanded(fused, self.method.expansion)
        if self.method.diffusion and self._graph:
            fused = graph.diffuse(fused, self._graph, self.method.diffusion.neighbours)
        return fused

    def _blocks(self, part: Matrix) -> Iterator[tuple[slice, Float64]]:
        """Yield some rows of the distances within the gallery, `BLOCK` at a time."""
        for start in range(0, self.size, BLOCK):
            places = slice(start, min(start + BLOCK, self.size))
            yield places, self._rows(part, np.arange(places.start, places.stop))

    def _rows(self, part: Matrix, places: npt.NDArray[np.intp]) -> Float64:
        rows = self._checked(part[places])
        rows[np.arange(len(places)), places] = np.inf
        return rows

    def _checked(self, rows: npt.ArrayLike) -> Float64:
        found = np.array(rows, np.float64)
        if found.ndim != 2 or found.shape[1] != self.size:
            raise ParameterError(
                f"distances of shape {found.shape} must be (queries, {self.size}), the gallery's "
                "clips"
            )
        if not (found >= 0).all():
            raise ParameterError("distances must be at least 0, and no NaN")
        return found

    def _fused(self, parts: Sequence[Float64], statistics: Sequence[Float64]) -> Float64:
        """Return the weighted sum (R, N) of scaled distances of some rows."""
        weights, scaling = self.method.weights, self.method.scaling
        whole = np.zeros(parts[0].shape)
        for weight, rows, of_rows, kept in zip(weights, parts, statistics, self._kept, strict=True):
            if weight:
                whole += weight * scaling.rescale(rows, of_rows, kept)
        return whole

    def _fused_within(self, places: npt.NDArray[np.intp]) -> Float64:
        """Return the fused distances (R, N) of some clips of the gallery to all of it."""
        rows = [self._rows(part, places) for part in self._within]
        return self._fused(rows, [kept[places] for kept in self._kept])

    def _joined(self, diffusion: Diffusion) -> graph.Graph:
        k = min(diffusion.neighbours, self.size)
        found = []
        for start in range(0, self.size, BLOCK):
            rows = self._fused_within(np.arange(start, min(start + BLOCK, self.size)))
            near = np.argsort(rows, axis=1, kind="stable")[:, :k]
            found.append((near, np.take_along_axis(rows, near, axis=1)))
        neighbours, distances = (np.concatenate(part) for part in zip(*found, strict=True))
        return graph.build(neighbours, distances, diffusion.alpha)

    def _expanded(self, fused: Float64, expansion: Expansion) -> Float64:
        n = min(expansion.neighbours, self.size)
        whole, weight = fused.copy(), 1.0
        near = np.argsort(fused, axis=1, kind="stable")[:, :n]
        total = np.ones((len(fused), 1))
        for place in range(n):
            weight *= expansion.decay
            reached = np.isfinite(np.take_along_axis(fused, near[:, [place]], axis=1))
            lists = self._fused_within(near[:, place])
            # To the query it is as near as anything: its own list begins with itself.
            lists[np.arange(len(lists)), near[:, place]] = 0.0
            whole += np.where(reached, weight * lists, 0.0)
            total += np.where(reached, weight, 0.0)
        return np.where(np.isfinite(fused), whole / total, np.inf)
