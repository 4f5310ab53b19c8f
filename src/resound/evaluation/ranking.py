"""Ranking tasks: from distances to the hits of every query, of a whole matrix or tile by tile."""

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.retrieval import ranking as retrieval
from resound.retrieval.candidates import NO_HIT

Lists = tuple[npt.NDArray[np.intp], npt.NDArray[np.floating[Any]]]
ALL = slice(None)
NO_CLASS = ""


@dataclass(frozen=True)
class RankingTask:
    """Which clips ask, which answer, and how deep the lists of hits go.

    Lists are pairs (positions, scores), each of shape (queries, depth), as
    `resound.retrieval.ranking.rank` returns them, with positions in the whole gallery.

    Parameters
    ----------
    queries, gallery : DataFrame
        Rows of the index, with ``id, category, src_file``.
    top_k : sequence of int
        The ranks that will be asked for.
    exclude_same_recording : bool, optional
        None: queries and gallery are different clips, and a recording on both sides is a
        DataError. Otherwise they are the same clips, a query is no hit of itself, and with True
        nor is any clip of its recording.
    recordings_apart : bool, optional
        False: recordings on both sides stay, as those do that ESC-50's released folds split.
    tie_order : ndarray of int, shape (gallery,), optional
        A different number for each gallery clip: equally near clips stand in ascending order of
        it. By default they stand in that of their ids.

    Examples
    --------
    >>> clips = pd.DataFrame({"id": list("abc"), "category": ["dog", "rain", "dog"]})
    >>> clips["src_file"] = clips["id"]
    >>> task = RankingTask(clips[:1], clips[1:], top_k=[2])
    >>> task.table(task.rank([[0.5, 0.1]]))[["query", "rank", "hit", "score", "relevant"]]
      query  rank hit  score  relevant
    0     a     1   c    0.1      True
    1     a     2   b    0.5     False
    """

    queries: pd.DataFrame
    gallery: pd.DataFrame
    top_k: Sequence[int]
    exclude_same_recording: bool | None = None
    recordings_apart: bool = True
    tie_order: npt.NDArray[np.integer] | None = None

    def __post_init__(self) -> None:
        """Check that no recording stands on both sides that may not."""
        if self.exclude_same_recording is None and self.recordings_apart:
            retrieval.check_no_leak(*self._labels("src_file"))

    @functools.cached_property
    def n_relevant(self) -> npt.NDArray[np.int32]:
        """How many clips of its category each query may find, shape (Q,); without one, none."""
        found = self._count_matches("category")
        if self.exclude_same_recording is not None:
            found -= self._count_matches(
                "category", "src_file" if self.exclude_same_recording else "id"
            )
        return np.where(self._labels("category")[0] == NO_CLASS, 0, found)

    @functools.cached_property
    def depth(self) -> int:
        """The largest of `top_k` or, for R-precision, of `n_relevant`."""
        return min(len(self.gallery), max(*self.top_k, int(self.n_relevant.max())))

    def excluded(self, rows: slice = ALL, columns: slice = ALL) -> retrieval.Bool | None:
        """Return which pairs of a tile must not be listed, or None where all may.

        Parameters
        ----------
        rows, columns : slice
            Queries and gallery clips of the tile; all by default.

        Returns
        -------
        ndarray of bool, shape (n_rows, n_columns), or None
        """
        if self.exclude_same_recording is None:
            return None
        return retrieval.exclusion_mask(
            *self._labels("id", rows, columns),
            *self._labels("src_file", rows, columns),
            same_recording=self.exclude_same_recording,
        )

    def rank(self, distances: npt.ArrayLike, rows: slice = ALL, columns: slice = ALL) -> Lists:
        """Rank the gallery clips of a tile: the nearest first, equal distances by `tie_order`.

        Parameters
        ----------
        distances : array_like, shape (n_rows, n_columns)
            Of the tile; infinity is allowed, NaN is not.
        rows, columns : slice
            Queries and gallery clips of the tile; all by default.

        Returns
        -------
        positions, scores : ndarray, shape (n_rows, depth)
            As `resound.retrieval.ranking.rank` returns them, positions in the whole gallery.

        Raises
        ------
        ParameterError
            As `resound.retrieval.ranking.rank`.
        """
        keys = self._tie_keys(columns)
        excluded = self.excluded(rows, columns)
        positions, scores = retrieval.rank(distances, keys, k=self.depth, excluded=excluded)
        return _in_whole_gallery(positions, columns), scores

    def search(
        self, find: Callable[..., Any], rows: slice, columns: slice, *clips: Any, **options: Any
    ) -> tuple[Lists, Any]:
        """Find what `rank` would list of a tile without its distances.

        Parameters
        ----------
        find : callable
            From `resound.registry.SEARCHES`.
        rows, columns : slice
            Queries and gallery clips of the tile.
        *clips : array_like, shapes (n_rows, n, d) and (n_columns, m, d)
            Frames of the queries `rows` and of the gallery clips `columns`.
        **options
            Of the distance.

        Returns
        -------
        lists : pair of ndarray, shape (n_rows, depth)
            The hits, as `rank` returns them.
        stats : SearchStats
            What the search computed for them.
        """
        keys = self._tie_keys(columns)
        excluded = self.excluded(rows, columns)
        found = find(*clips, self.depth, gallery_ids=keys, excluded=excluded, **options)
        return (_in_whole_gallery(found.indices, columns), found.distances), found.stats

    def merge(self, parts: Sequence[Lists]) -> Lists:
        """Merge the lists of tiles that hold the same queries: `rank` of their whole row.

        Parameters
        ----------
        parts : sequence of (positions, scores), each of shape (n_rows, depth)
            As `rank` returns them for each tile.

        Returns
        -------
        positions, scores : ndarray, shape (n_rows, depth)
        """
        return retrieval.merge(parts, self._tie_keys(), k=self.depth)

    def table(self, lists: Lists, rows: slice = ALL) -> pd.DataFrame:
        """Return lists of hits as a table.

        Parameters
        ----------
        lists : pair of ndarray, shape (n_rows, depth)
            Positions and scores, as `rank` returns them.
        rows : slice
            The queries that they belong to; all by default.

        Returns
        -------
        DataFrame
            ``query, rank, hit, score, relevant, n_relevant``: rank from 1, score the distance.
        """
        positions, scores = lists
        row, column = np.nonzero(positions != NO_HIT)
        position = positions[row, column]
        queries, gallery = self._labels("id", rows)
        asked, there = self._labels("category", rows)
        return pd.DataFrame(
            {
                "query": queries[row],
                "rank": (column + 1).astype(np.int32),
                "hit": gallery[position],
                "score": scores[row, column],
                "relevant": (asked[row] == there[position]) & (asked[row] != NO_CLASS),
                "n_relevant": self.n_relevant[rows][row],
            }
        )

    def _labels(
        self, name: str, rows: slice = ALL, columns: slice = ALL
    ) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.str_]]:
        """Return a column of the index for the queries and for the gallery clips of a tile."""
        return self.queries[name].to_numpy(str)[rows], self.gallery[name].to_numpy(str)[columns]

    def _tie_keys(self, columns: slice = ALL) -> npt.NDArray[np.str_]:
        """Return words whose alphabetical order is that of equally near gallery clips."""
        if self.tie_order is None:
            return self._labels("id", columns=columns)[1]
        places = np.argsort(np.argsort(self.tie_order))[columns]
        return np.char.zfill(places.astype(str), len(str(len(self.gallery))))

    def _count_matches(self, *names: str) -> npt.NDArray[np.int32]:
        """Count for each query the gallery clips that agree with it in some columns."""
        labels = [self._labels(name) for name in names]
        asked, there = (zip(*side, strict=True) for side in zip(*labels, strict=True))
        counts = Counter(there)
        return np.array([counts[clip] for clip in asked], np.int32)


def _in_whole_gallery(positions: npt.NDArray[np.intp], columns: slice) -> npt.NDArray[np.intp]:
    """Return positions among the gallery clips `columns` as positions in the gallery."""
    return np.where(positions == NO_HIT, NO_HIT, positions + (columns.start or 0))
