"""From the metrics of every query to the rows of a table, with their intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from resound.evaluation.scoring import ABOUT_QUERY, TIES
from resound.metrics import bootstrap


def summarise(scores: pd.DataFrame, *, samples: int, level: float, seed: int) -> dict[str, float]:
    """Average the metrics over queries, each with the ends of its bootstrap interval.

    Parameters
    ----------
    scores : DataFrame
        As `score_queries` returns it; queries of several splits may be pooled.
    samples, level, seed
        Resamplings, coverage and seed of `resound.metrics.bootstrap`.

    Returns
    -------
    dict
        ``mrr@10, mrr@10_low, mrr@10_high, ...`` and ``ties``.
    """
    metrics = [name for name in scores.columns if name not in (*ABOUT_QUERY, TIES)]
    values = scores[metrics].to_numpy(float)
    low, high = bootstrap.bootstrap_interval(
        values,
        scores["category"].to_numpy(str),
        scores["src_file"].to_numpy(str),
        samples=samples,
        level=level,
        rng=np.random.default_rng(seed),
    )
    summary: dict[str, float] = {}
    for name, mean, *ends in zip(metrics, values.mean(axis=0), low, high, strict=True):
        summary |= {name: mean, f"{name}_low": ends[0], f"{name}_high": ends[1]}
    return {**summary, TIES: float(scores[TIES].mean())}


def search_rows(statistics: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Add up the statistics of the tiles of every run.

    Parameters
    ----------
    statistics : sequence of DataFrame
        ``method, feature, setting, split`` of a tile, then the counts of its search.

    Returns
    -------
    DataFrame
        One row a run, with ``share_of_cells``: of the cells of the full matrices, those computed.
    """
    run = ["method", "feature", "setting", "split"]
    totals = pd.concat(statistics).groupby(run, sort=False).sum().reset_index()
    return totals.assign(share_of_cells=totals["cells"] / totals["full_cells"])


def retrieval_rows(
    runs: Sequence[Sequence[str]],
    scores: Sequence[pd.DataFrame],
    query_folds: Mapping[str, Sequence[int]],
    *,
    protocol: str,
    options: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return the rows of a retrieval table: one a run, and one for all its splits together.

    Parameters
    ----------
    runs : sequence of (distance, feature, setting, split)
        One for each frame of `scores`.
    query_folds : mapping
        The folds that ask, by split; none for leave-one-out.
    options : mapping
        ``samples, level, seed`` of the bootstrap.
    """
    grouped: dict[tuple[str, ...], list[tuple[str, pd.DataFrame]]] = {}
    for (*key, split), frame in zip(runs, scores, strict=True):
        folds = "+".join(map(str, query_folds[split])) or "all"
        grouped.setdefault(tuple(key), []).append((folds, frame))
    rows = []
    for (distance, feature, setting), parts in grouped.items():
        if len(parts) > 1:
            parts = [*parts, ("all", pd.concat([frame for _, frame in parts]))]
        for folds, frame in parts:
            about: dict[str, Any] = {"method": distance, "feature": feature, "setting": setting}
            about |= {"protocol": protocol, "query_fold": folds, "n_queries": len(frame)}
            rows.append(about | summarise(frame, **options))
    return rows
