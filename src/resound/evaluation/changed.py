"""Scores of queries that are changed, as parts of clips, and what they keep of the others'."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.evaluation.scoring import metrics_of, over_orders
from resound.evaluation.summary import by_method, summarise
from resound.experiment.coordinates import RunRow
from resound.metrics.intervals import mean_interval

Float64 = npt.NDArray[np.float64]

LEFT = "left"


def changed_rows(
    clean: Mapping[RunRow, pd.DataFrame],
    changed: Mapping[Any, Mapping[RunRow, pd.DataFrame]],
    query_folds: Mapping[str, Sequence[int]],
    *,
    protocol: str,
    options: Mapping[str, Any],
    column: str,
) -> list[dict[str, Any]]:
    """Return the rows of each method: of queries as they are, then as they are changed.

    Parameters
    ----------
    clean : mapping
        The scores of the queries of each run, in the order of the table.
    changed : mapping
        The same of the changed queries, by what is changed, in the order of the rows.
    query_folds : mapping
        The folds that ask, by split; none for leave-one-out.
    protocol : str
        What divides the clips.
    options : mapping
        ``level`` of the intervals.
    column : str
        The column that tells what is changed; None of queries as they are.

    Returns
    -------
    list of dict
        What names the method, `column`, ``n_queries``, the columns of
        `resound.evaluation.summary.summarise`, and of changed queries ``left_mrr@10,
        left_mrr@10_low, ...`` of each metric as `share_left` returns it.
    """
    rows = []
    for about, folds, runs in by_method(list(clean), query_folds):
        row = {**about, "protocol": protocol, "query_fold": folds}
        asked = _queries_of(clean, runs)
        told = {column: None, "n_queries": len(asked)}
        rows.append({**row, **told, **summarise(asked, **options)})
        for name, scores_of in changed.items():
            scores = _queries_of(scores_of, runs)
            left = share_left(scores, asked, options)
            told = {column: name, "n_queries": len(scores)}
            rows.append({**row, **told, **summarise(scores, **options), **left})
    return rows


def share_left(
    part: pd.DataFrame, whole: pd.DataFrame, options: Mapping[str, Any]
) -> dict[str, float]:
    r"""Return which share of the mean of each metric parts of the queries keep, with an interval.

    The share is :math:`R = \bar p / \bar w`, of the means over the same queries. Its interval is
    that of the mean of :math:`R + (p_i - R w_i) / \bar w`: the share is this mean, and to first
    order varies as it does (Cochran, "Sampling techniques", 1977, section 6.4).

    Parameters
    ----------
    part, whole : DataFrame
        Scores of the same queries in the same order.
    options : mapping
        ``level`` of the interval.

    Returns
    -------
    dict
        ``left_mrr@10, left_mrr@10_low, left_mrr@10_high, ...``; NaN where whole queries find
        nothing.

    Examples
    --------
    >>> about = {"query": list("abcd"), "category": "dog", "src_file": list("abcd"), "ties": 0.0}
    >>> whole = pd.DataFrame(about | {"mrr@10": [1.0, 1.0, 0.5, 0.0]})
    >>> part = whole.assign(**{"mrr@10": [1.0, 0.5, 0.0, 0.0]})
    >>> round(share_left(part, whole, {"level": 0.95})["left_mrr@10"], 3)
    0.6
    """
    metrics = metrics_of(whole)
    p, w = (scores[metrics].to_numpy(float) for scores in (part, whole))
    found = w.mean(axis=0) > 0
    mean = np.where(found, w.mean(axis=0), 1.0)
    share = p.mean(axis=0) / mean
    low, high = _interval(share + (p - share * w) / mean, whole, options)
    told: dict[str, float] = {}
    for place, metric in enumerate(metrics):
        ends = {"": share[place], "_low": low[place], "_high": high[place]}
        told |= {
            f"{LEFT}_{metric}{end}": float(value) if found[place] else np.nan
            for end, value in ends.items()
        }
    return told


def _interval(
    values: Float64, about: pd.DataFrame, options: Mapping[str, Any]
) -> tuple[Float64, Float64]:
    """Return the interval of the mean over queries of each column of `values`."""
    return mean_interval(
        values,
        about["category"].to_numpy(str),
        about["src_file"].to_numpy(str),
        level=options["level"],
        shares=False,
    )


def _queries_of(scores: Mapping[RunRow, pd.DataFrame], runs: Sequence[RunRow]) -> pd.DataFrame:
    """Return the scores of the queries of some runs in the order of their ids."""
    every = pd.concat([over_orders(scores[run]) for run in runs])
    return every.sort_values("query", ignore_index=True)
