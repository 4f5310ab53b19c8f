"""Paired tests: whether two methods of a table differ on the same queries."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from resound.experiment.coordinates import RunRow, TrainingRow
from resound.metrics.bootstrap import bootstrap_interval, holm, paired_sign_flip

COLUMNS = (
    "metric", "table_a", "method_a", "table_b", "method_b", "n_queries", "n_recordings",
    "mean_a", "mean_b", "difference", "difference_low", "difference_high", "p_value", "p_holm",
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
    with each other: so the correction for their number leaves something to be seen in a large
    grid. With ``all``, every pair.

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
    bootstrap: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Test pairs of methods on the queries that both have.

    Parameters
    ----------
    contenders : sequence of Contender
        Methods with values of one metric.
    metric : str
        Its name.
    pairs : {"best", "all"}
        As in `pairs_of`.
    samples, seed
        Of `paired_sign_flip`.
    bootstrap : mapping
        ``samples, level, seed`` of the interval of the mean difference.

    Returns
    -------
    list of dict
        `COLUMNS` of each pair, the better method first; ``p_holm`` is adjusted for all of them.
        ``about_a`` and ``about_b`` are what names the methods.
    """
    asked = pairs_of(contenders, pairs)
    queries = [a.scores.index.intersection(b.scores.index) for a, b in asked]
    rows: dict[int, dict[str, Any]] = {}
    # Pairs on the same queries share their samples, which are drawn once.
    for shared, numbers in _grouped((tuple(q), i) for i, q in enumerate(queries) if len(q)):
        rows |= zip(
            numbers,
            _tested([asked[i] for i in numbers], list(shared), samples, seed, bootstrap),
            strict=True,
        )
    found = [{"metric": metric, **rows[i]} for i in sorted(rows)]
    adjusted = holm([row["p_value"] for row in found])
    return [{**row, "p_holm": float(p)} for row, p in zip(found, adjusted, strict=True)]


def _tested(
    pairs: Sequence[Pair],
    queries: list[str],
    samples: int,
    seed: int,
    bootstrap: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    about = pairs[0][0].scores.loc[queries]
    recordings, categories = (about[c].to_numpy(str) for c in ("src_file", "category"))
    pairs = [_better_first(pair, queries) for pair in pairs]
    a, b = (
        np.column_stack([pair[side].scores.loc[queries, "value"].to_numpy() for pair in pairs])
        for side in (0, 1)
    )
    p_values = paired_sign_flip(a, b, recordings, samples=samples, rng=np.random.default_rng(seed))
    low, high = bootstrap_interval(
        a - b,
        categories,
        recordings,
        samples=bootstrap["samples"],
        level=bootstrap["level"],
        rng=np.random.default_rng(bootstrap["seed"]),
    )
    columns = zip(a.mean(axis=0), b.mean(axis=0), low, high, p_values, strict=True)
    for (first, second), (mean_a, mean_b, *ends, p) in zip(pairs, columns, strict=True):
        yield {
            "table_a": first.table,
            "about_a": first.about,
            "table_b": second.table,
            "about_b": second.about,
            "n_queries": len(queries),
            "n_recordings": len(set(recordings)),
            "mean_a": float(mean_a),
            "mean_b": float(mean_b),
            "difference": float(mean_a - mean_b),
            "difference_low": float(ends[0]),
            "difference_high": float(ends[1]),
            "p_value": float(p),
        }


def _better_first(pair: Pair, queries: list[str]) -> Pair:
    means = [contender.scores.loc[queries, "value"].mean() for contender in pair]
    return pair if means[0] >= means[1] else (pair[1], pair[0])
