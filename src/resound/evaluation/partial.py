"""Scores of queries that are parts of clips, and what they keep of those of whole clips."""

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


def partial_rows(
    whole: Mapping[RunRow, pd.DataFrame],
    parts: Mapping[float, Mapping[RunRow, pd.DataFrame]],
    query_folds: Mapping[str, Sequence[int]],
    *,
    protocol: str,
    options: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return the rows of each method: of whole clips, then of parts of them, the shortest first.

    Parameters
    ----------
    whole : mapping
        The scores of the queries of each run, in the order of the table.
    parts : mapping
        The same of parts of the same queries, by their length in seconds.
    query_folds : mapping
        The folds that ask, by split; none for leave-one-out.
    protocol : str
        What divides the clips.
    options : mapping
        ``level`` of the intervals.

    Returns
    -------
    list of dict
        What names the method, ``seconds``, NaN of whole clips, ``n_queries``, the columns of
        `resound.evaluation.summary.summarise`, and of parts ``left_mrr@10, left_mrr@10_low, ...``
        of each metric as `share_left` returns it.
    """
    rows = []
    for about, folds, runs in by_method(list(whole), query_folds):
        row = {**about, "protocol": protocol, "query_fold": folds}
        asked = _queries_of(whole, runs)
        for seconds in (np.nan, *sorted(parts)):
            scores = asked if np.isnan(seconds) else _queries_of(parts[seconds], runs)
            left = {} if np.isnan(seconds) else share_left(scores, asked, options)
            told = {"seconds": seconds, "n_queries": len(scores)}
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
