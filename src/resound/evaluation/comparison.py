"""Paired tests: whether two methods of a table differ on the same queries."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array

from resound.experiment.coordinates import RunRow, TrainingRow
from resound.metrics.intervals import mean_interval
from resound.metrics.sign_flip import sign_flip

Float64 = npt.NDArray[np.float64]

COLUMNS = (
    "metric", "table_a", "method_a", "table_b", "method_b", "n_queries", "n_recordings",
    "mean_a", "mean_b", "difference", "difference_low", "difference_high", "p_value", "p_adjusted",
)  # fmt: skip


class Contender(NamedTuple):
    """A method with its value for every query, in which its seeds are averaged.

    Attributes
    ----------
    table : str
        The table that it stands in.
    about : dict
        What names it there.
    scores : DataFrame
        ``value, category, src_file`` by the id of the query.
    """

    table: str
    about: dict[str, str]
    scores: pd.DataFrame

    @property
    def mean(self) -> float:
        """Its mean over its own queries."""
        return float(self.scores["value"].mean())


Pair = tuple[Contender, Contender]


def retrieval_contenders(
    runs: Mapping[str, Sequence[RunRow]], scores: Mapping[RunRow, pd.DataFrame], metric: str
) -> list[Contender]:
    """Return the methods of retrieval tables, each with a metric of all its queries."""
    return [
        Contender(table, dict(about), _by_query([scores[run] for run in part], "query", metric))
        for table, listed in runs.items()
        for about, part in _grouped((tuple(run.about.items()), run) for run in listed)
    ]


def classification_contenders(
    table: str, cells: Sequence[TrainingRow], scores: Mapping[TrainingRow, pd.DataFrame]
) -> list[Contender]:
    """Return the classifiers that were trained, each with the accuracy of all its test clips."""
    trained = ((cell[:3], cell) for cell in cells if len(scores[cell]))
    names = ("network", "feature", "setting")
    return [
        Contender(
            table,
            dict(zip(names, key, strict=True)),
            _by_query([scores[cell] for cell in part], "clip", "accuracy"),
        )
        for key, part in _grouped(trained)
    ]


def _grouped(keyed: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, list[Any]]]:
    groups = defaultdict(list)
    for key, value in keyed:
        groups[key].append(value)
    return iter(groups.items())


def _by_query(frames: Sequence[pd.DataFrame], query: str, metric: str) -> pd.DataFrame:
    by_query = pd.concat(frames).groupby(query)
    about = by_query[["category", "src_file"]].first()
    return about.assign(value=by_query[metric].mean())


def pairs_of(contenders: Sequence[Contender], kind: str) -> list[Pair]:
    """Return which methods are compared.

    With ``best``, the best of each table with each other method of it, and the best of all tables
    with each other. With ``all``, every pair.

    Examples
    --------
    >>> values = {"cnn": 0.7, "crnn": 0.5, "linear": 0.1}
    >>> made = [
    ...     Contender("classification", {"network": name}, pd.DataFrame({"value": [value]}))
    ...     for name, value in values.items()
    ... ]
    >>> [(a.about["network"], b.about["network"]) for a, b in pairs_of(made, "best")]
    [('cnn', 'crnn'), ('cnn', 'linear')]
    """
    if kind == "all":
        return list(itertools.combinations(contenders, 2))
    tables = [part for _, part in _grouped((c.table, c) for c in contenders)]
    best = [max(part, key=lambda contender: contender.mean) for part in tables]
    within = [
        (first, other)
        for first, part in zip(best, tables, strict=True)
        for other in part
        if other is not first
    ]
    return [*itertools.combinations(best, 2), *within]


def compare(
    contenders: Sequence[Contender],
    metric: str,
    *,
    pairs: str,
    samples: int,
    seed: int,
    level: float,
) -> list[dict[str, Any]]:
    """Test pairs of methods on the queries that both have.

    Parameters
    ----------
    contenders : sequence of Contender
        Methods with values of one metric.
    metric : str
        Its name.
    pairs : {"best", "all"}
        Which pairs are told, as in `pairs_of`. P-values are adjusted for all, since which methods
        are best was not known before.
    samples, seed
        Of `resound.metrics.sign_flip.sign_flip`.
    level : float
        Coverage of the interval of the mean difference.

    Returns
    -------
    list of dict
        `COLUMNS` of each pair, the better method first. ``about_a`` and ``about_b`` are what names
        the methods.
    """
    if len(contenders) < 2:
        return []
    every = list(itertools.combinations(range(len(contenders)), 2))
    values = pd.concat([c.scores["value"] for c in contenders], axis=1, keys=range(len(contenders)))
    about = pd.concat([c.scores[["category", "src_file"]] for c in contenders])
    about = about[~about.index.duplicated()].reindex(values.index)
    sums = _sums_by_recording(values.to_numpy(float), about["src_file"].to_numpy(str), every)
    tested = [pair for pair in every if pair in sums]
    table = np.column_stack([sums[pair] for pair in tested]) if tested else np.zeros((1, 0))
    p = sign_flip(table, samples=samples, rng=np.random.default_rng(seed))
    p_values = dict(zip(tested, zip(*p, strict=True), strict=True))
    place = {id(contender): number for number, contender in enumerate(contenders)}
    rows = []
    for pair in pairs_of(contenders, pairs):
        key = tuple(sorted(place[id(contender)] for contender in pair))
        if key in p_values:
            alone, adjusted = (float(value) for value in p_values[key])
            told = _told(*pair, level=level)
            rows.append({"metric": metric, **told, "p_value": alone, "p_adjusted": adjusted})
    return rows


def _sums_by_recording(
    values: Float64,
    recordings: npt.NDArray[np.str_],
    pairs: Sequence[tuple[int, int]],
) -> dict[tuple[int, int], Float64]:
    """Return the sums (recordings,) of the differences of each pair of methods that share a query.

    `values` (queries, methods) are NaN where a method does not have the query. Pairs on the same
    queries are summed at once.
    """
    of_query = np.unique(recordings, return_inverse=True)[1]
    is_of = coo_array((np.ones(len(of_query)), (of_query, np.arange(len(of_query))))).tocsr()
    there = ~np.isnan(values)
    found: dict[tuple[int, int], Float64] = {}
    shared = (((there[:, a] & there[:, b]).tobytes(), (a, b)) for a, b in pairs)
    for content, alike in _grouped(shared):
        rows = np.frombuffer(content, bool)
        if rows.any():
            a, b = np.array(alike).T
            sums = is_of[:, rows] @ (values[rows][:, a] - values[rows][:, b])
            found |= zip(alike, sums.T, strict=True)
    return found


def _told(a: Contender, b: Contender, *, level: float) -> dict[str, Any]:
    """Return what a row tells of two methods, the better first, on the queries that both have."""
    about = a.scores.loc[a.scores.index.intersection(b.scores.index)]
    x, y = (c.scores["value"].reindex(about.index).to_numpy(float) for c in (a, b))
    if x.mean() < y.mean():
        a, b, x, y = b, a, y, x
    recordings, categories = (about[c].to_numpy(str) for c in ("src_file", "category"))
    low, high = mean_interval(x - y, categories, recordings, level=level, shares=False)
    return {
        "table_a": a.table,
        "about_a": a.about,
        "table_b": b.table,
        "about_b": b.about,
        "n_queries": len(about),
        "n_recordings": len(set(recordings)),
        "mean_a": float(x.mean()),
        "mean_b": float(y.mean()),
        "difference": float(x.mean() - y.mean()),
        "difference_low": float(low),
        "difference_high": float(high),
    }
