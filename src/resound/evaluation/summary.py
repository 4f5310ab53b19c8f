"""Retrieval tables: from the metrics of every query to rows of means with intervals."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import pandas as pd

from resound.evaluation.scoring import ABOUT_QUERY, ORDER, TIES, metrics_of, over_orders
from resound.experiment.coordinates import RunRow
from resound.metrics.intervals import mean_interval


class MethodRow(Protocol):
    """The names of a run or of a training, on one split."""

    @property
    def split(self) -> str:
        """The name of the split."""

    @property
    def seed(self) -> str:
        """The seed of what was trained; empty where nothing was."""

    @property
    def about(self) -> dict[str, str]:
        """The names of the method, without split and seed."""


Row = TypeVar("Row", bound=MethodRow)


def summarise(
    scores: pd.DataFrame, *, level: float, seed_means: pd.DataFrame | None = None
) -> dict[str, float]:
    """Average the metrics over queries, each with the ends of its interval.

    Parameters
    ----------
    scores : DataFrame
        As `score_queries` returns it; queries of several splits may be pooled.
    level : float
        Coverage of the intervals: see `resound.metrics.intervals.mean_interval`.
    seed_means : DataFrame, optional
        A row for each seed that a network was trained from, of the same metrics.

    Returns
    -------
    dict
        ``mrr@10, mrr@10_low, mrr@10_high, ...`` and, if it is told, ``ties``.

    Examples
    --------
    >>> about = {"query": list("abcd"), "category": "dog", "src_file": list("abcd"), "ties": 0.0}
    >>> scores = pd.DataFrame(about | {"mrr@10": [1.0, 1.0, 0.0, 0.0]})
    >>> summary = summarise(scores, level=0.95)
    >>> {name: round(float(value), 2) for name, value in summary.items()}
    {'mrr@10': 0.5, 'mrr@10_low': 0.03, 'mrr@10_high': 0.97, 'ties': 0.0}
    """
    metrics = metrics_of(scores)
    values = scores[metrics].to_numpy(float)
    low, high = mean_interval(
        values,
        scores["category"].to_numpy(str),
        scores["src_file"].to_numpy(str),
        level=level,
        seed_means=None if seed_means is None else seed_means[metrics].to_numpy(float),
    )
    summary: dict[str, float] = {}
    for name, mean, *ends in zip(metrics, values.mean(axis=0), low, high, strict=True):
        summary |= {name: mean, f"{name}_low": ends[0], f"{name}_high": ends[1]}
    return {**summary, **({TIES: float(scores[TIES].mean())} if TIES in scores else {})}


def search_rows(statistics: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Add up the statistics of the tiles of every run.

    Parameters
    ----------
    statistics : sequence of DataFrame
        ``method, feature, setting, split`` of a tile, ``network`` where it compares embeddings,
        then the counts of its search.

    Returns
    -------
    DataFrame
        One row a run, with ``share_of_cells``: of the cells of the full matrices, those computed.
    """
    every = pd.concat(statistics)
    run = [c for c in ("method", "network", "feature", "setting", "split") if c in every]
    totals = every.groupby(run, sort=False, dropna=False).sum().reset_index()
    return totals.assign(share_of_cells=totals["cells"] / totals["full_cells"])


def retrieval_rows(
    runs: Sequence[RunRow],
    scores: Mapping[RunRow, pd.DataFrame],
    query_folds: Mapping[str, Sequence[int]],
    *,
    protocol: str,
    options: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return the rows of a retrieval table: one a split, and one for all splits together.

    Where ties were ranked in several orders, each query counts with its mean over them, and
    ``mrr@10_std_orders, ...`` are the standard deviations of the orders' means.

    A network's row is the mean over its seeds, query by query; ``mrr@10_std_seeds, ...`` are the
    standard deviations of the seeds' means, and ``missing`` says which of its runs have no scores.

    Parameters
    ----------
    runs : sequence of RunRow
        All that were asked for.
    scores : mapping
        Their scores, of every order of ties; those of networks may be absent.
    query_folds : mapping
        The folds that ask, by split; none for leave-one-out.
    options : mapping
        ``level`` of the intervals.

    Returns
    -------
    list of dict
        ``mrr@10, mrr@10_low, mrr@10_high, ...`` from 0 to 1, with what names the method.
    """
    return [
        {**about, "protocol": protocol, "query_fold": folds, **_scored(part, scores, options)}
        for about, folds, part in by_method(runs, query_folds)
    ]


def by_method(
    runs: Sequence[Row], query_folds: Mapping[str, Sequence[int]]
) -> Iterator[tuple[dict[str, str], str, list[Row]]]:
    """Yield the rows of a table: a method's names, its folds, and the runs behind it.

    Parameters
    ----------
    runs : sequence of RunRow or TrainingRow
        In the order of the table.
    query_folds : mapping
        The folds that ask, by split; none for leave-one-out.

    Yields
    ------
    about, folds, runs
        One for each split, its folds as ``5`` or ``1+2``, and where there are several one more of
        all of them, ``all``.
    """
    grouped: dict[tuple[tuple[str, str], ...], dict[str, list[Row]]] = {}
    for run in runs:
        by_split = grouped.setdefault(tuple(run.about.items()), {})
        by_split.setdefault("+".join(map(str, query_folds[run.split])) or "all", []).append(run)
    for about, parts in grouped.items():
        if len(parts) > 1:
            parts = {**parts, "all": [run for part in parts.values() for run in part]}
        for folds, part in parts.items():
            yield dict(about), folds, part


def _scored(
    runs: Sequence[RunRow], scores: Mapping[RunRow, pd.DataFrame], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Average over queries, each the mean of its seeds, and say how far the seeds differ."""
    there = [run for run in runs if run in scores]
    learned: dict[str, Any] = {}
    if runs[0].network:
        named = {run: f"{run.split} seed {run.seed}" if run.seed else run.split for run in runs}
        lacking = (name for run, name in named.items() if run not in scores)
        learned = {"missing": "; ".join(lacking)}
    if not there:
        return {"n_queries": 0, **learned}
    every = pd.concat([over_orders(scores[run]).assign(seed=run.seed) for run in there])
    frame, measured = every.drop(columns="seed"), every.columns.drop([*ABOUT_QUERY, "seed"])
    seeds = every.groupby("seed")[list(measured)].mean()
    if len(seeds) > 1:
        frame = frame.groupby(list(ABOUT_QUERY), as_index=False, sort=False).mean()
    if runs[0].network:
        spread = seeds.drop(columns=TIES).std(ddof=1)
        learned = {**{f"{name}_std_seeds": value for name, value in spread.items()}, **learned}
    by_order = pd.concat([scores[run] for run in there])
    whole = seeds[(every.groupby("seed").size() == len(frame)).to_numpy()]
    summary = summarise(frame, **options, seed_means=whole)
    return {"n_queries": len(frame), **summary, **_spread(by_order), **learned}


def _spread(scores: pd.DataFrame) -> dict[str, float]:
    """Return by how much the means over queries differ between orders of ties, if there are any."""
    if ORDER not in scores:
        return {}
    means = scores.groupby(ORDER)[list(scores.columns.drop([*ABOUT_QUERY, ORDER, TIES]))].mean()
    return {f"{name}_std_orders": value for name, value in means.std(ddof=1).items()}
