"""Ranked hits as the retrieval explorer shows them, and the queries that it shows."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound import store
from resound.report.page.clips import Clips, Positions

DIGITS = 4  # significant digits of a distance


class Hits(NamedTuple):
    """The first hits of one method, a row a hit, in the order of query and rank.

    Attributes
    ----------
    query, hit : ndarray of int, shape (n_hits,)
        Positions of clips.
    rank : ndarray of int, shape (n_hits,)
        From 1.
    score : ndarray of float, shape (n_hits,)
        Distances.
    """

    query: Positions
    hit: Positions
    rank: Positions
    score: npt.NDArray[np.float64]


def read_hits(files: Iterable[store.AnyPath], clips: Clips, top_k: int) -> Hits:
    """Read the hits of a method, of all its splits, down to rank `top_k`."""
    ranked = pd.concat([store.read_table(file) for file in files])
    ranked = ranked[ranked["rank"] <= top_k].sort_values(["query", "rank"])
    return Hits(
        clips.positions(ranked["query"]),
        clips.positions(ranked["hit"]),
        ranked["rank"].to_numpy(np.int64),
        ranked["score"].to_numpy(np.float64),
    )


def choose_queries(methods: Iterable[Hits], clips: Clips, per_class: int) -> Positions:
    """Return the queries that are shown: of each class some, spread evenly over its queries.

    Parameters
    ----------
    methods : iterable of Hits
        Whose queries there are to choose from.
    clips : Clips
        The index.
    per_class : int
        Queries of a class at most.

    Returns
    -------
    ndarray of int, shape (n_queries,)
        Positions of clips, class by class.

    Examples
    --------
    >>> index = pd.DataFrame({"id": list("abcd"), "category": "dog", "group": "animals"})
    >>> hits = Hits(np.arange(4), np.arange(4)[::-1], np.ones(4, int), np.zeros(4))
    >>> choose_queries([hits], Clips(index), per_class=2)
    array([0, 2])
    """
    asked = np.unique(_joined(hits.query for hits in methods))
    by_class = (asked[clips.label[asked] == label] for label in range(len(clips.classes)))
    return _joined(_spread(own, per_class) for own in by_class)


def _joined(parts: Iterable[Positions]) -> Positions:
    return np.concatenate([np.empty(0, np.int64), *parts])


def _spread(values: Positions, n: int) -> Positions:
    """Return `n` of the values, or all when there are fewer, at even steps."""
    return values if len(values) <= n else values[np.arange(n) * len(values) // n]


def method_data(hits: Hits, clips: Clips, chosen: Positions, top_k: int) -> dict[str, Any]:
    """Return one method's hits of the chosen queries, and how its hits fall on the classes.

    Parameters
    ----------
    hits : Hits
        Of the method.
    clips : Clips
        The index.
    chosen : ndarray of int, shape (n_queries,)
        As `choose_queries` returns them; those of other splits are left out.
    top_k : int
        Hits of a query.

    Returns
    -------
    dict
        ``queries``; ``hits`` and ``scores``, a list for each of them; ``pairs``, over all queries,
        ``[class of the query, class of the hit, hits]``; ``asked``, queries of each class;
        ``depth``, the hits of a query that are counted.
    """
    asked = np.unique(hits.query)
    shown = chosen[np.isin(chosen, asked)]
    starts = np.searchsorted(hits.query, shown, "left")
    ends = np.searchsorted(hits.query, shown, "right")
    spans = list(zip(starts, ends, strict=True))
    return {
        "queries": shown.tolist(),
        "hits": [hits.hit[start:end].tolist() for start, end in spans],
        "scores": [_rounded(hits.score[start:end]) for start, end in spans],
        "pairs": clips.count_pairs(clips.label[hits.query], clips.label[hits.hit]),
        "asked": np.bincount(clips.label[asked], minlength=len(clips.classes)).tolist(),
        "depth": top_k,
    }


def _rounded(scores: npt.NDArray[np.float64]) -> list[float | None]:
    return [float(f"{score:.{DIGITS}g}") if np.isfinite(score) else None for score in scores]
