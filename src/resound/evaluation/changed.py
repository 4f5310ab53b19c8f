"""Scores of clips that are changed, as parts of clips, and what they keep of the others'."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.evaluation.scoring import ABOUT_QUERY, metrics_of, over_orders
from resound.evaluation.summary import Row, by_method, summarise
from resound.metrics.intervals import mean_interval

Float64 = npt.NDArray[np.float64]

LEFT = "left"


class Asked(NamedTuple):
    """Scores of the clips that ask, or that are classified.

    Attributes
    ----------
    clips : DataFrame
        A row a clip, by ascending id, each the mean over the seeds of what was trained.
    seed_means : DataFrame or None
        A row for each seed, of the means over all clips; None of what was trained from one.
    """

    clips: pd.DataFrame
    seed_means: pd.DataFrame | None = None


def changed_rows(
    clean: Mapping[Row, pd.DataFrame],
    changed: Mapping[Any, Mapping[Row, pd.DataFrame]],
    query_folds: Mapping[str, Sequence[int]],
    *,
    protocol: str,
    options: Mapping[str, Any],
    column: str,
) -> list[dict[str, Any]]:
    """Return the rows of each method: of clips as they are, then as they are changed.

    Parameters
    ----------
    clean : mapping
        The scores of the queries of each run, or of the test clips of each training, in the order
        of the table.
    changed : mapping
        The same of the changed clips, by what is changed, in the order of the rows.
    query_folds : mapping
        The folds that ask, or are tested, by split; none for leave-one-out.
    protocol : str
        What divides the clips.
    options : mapping
        ``level`` of the intervals.
    column : str
        The column that tells what is changed; None of clips as they are.

    Returns
    -------
    list of dict
        What names the method, `column`, ``n_queries``, the columns of
        `resound.evaluation.summary.summarise`, and of changed clips ``left_mrr@10,
        left_mrr@10_low, ...`` of each metric as `share_left` returns it.
    """
    rows = []
    for about, folds, runs in by_method(list(clean), query_folds):
        row = {**about, "protocol": protocol, "query_fold": folds}
        whole = asked_by(clean, runs)
        told = {column: None, "n_queries": len(whole.clips)}
        rows.append({**row, **told, **_summary(whole, options)})
        for name, scores_of in changed.items():
            part = asked_by(scores_of, runs)
            left = share_left(part, whole, options)
            told = {column: name, "n_queries": len(part.clips)}
            rows.append({**row, **told, **_summary(part, options), **left})
    return rows


def share_left(part: Asked, whole: Asked, options: Mapping[str, Any]) -> dict[str, float]:
    r"""Return which share of the mean of each metric changed clips keep, with an interval.

    The share is :math:`R = \bar p / \bar w`, of the means over the same clips. Its interval is
    that of the mean of :math:`R + (p_i - R w_i) / \bar w`: the share is this mean, and to first
    order varies as it does (Cochran, "Sampling techniques", 1977, section 6.4).

    Parameters
    ----------
    part, whole : Asked
        Scores of the same clips in the same order, and of the same seeds.
    options : mapping
        ``level`` of the interval.

    Returns
    -------
    dict
        ``left_mrr@10, left_mrr@10_low, left_mrr@10_high, ...``; NaN where clips as they are have
        nothing right.

    Examples
    --------
    >>> about = {"query": list("abcd"), "category": "dog", "src_file": list("abcd"), "ties": 0.0}
    >>> whole = pd.DataFrame(about | {"mrr@10": [1.0, 1.0, 0.5, 0.0]})
    >>> part = whole.assign(**{"mrr@10": [1.0, 0.5, 0.0, 0.0]})
    >>> round(share_left(Asked(part), Asked(whole), {"level": 0.95})["left_mrr@10"], 3)
    0.6
    """
    metrics = metrics_of(whole.clips)
    p, w = (scores.clips[metrics].to_numpy(float) for scores in (part, whole))
    found = w.mean(axis=0) > 0
    mean = np.where(found, w.mean(axis=0), 1.0)
    share = p.mean(axis=0) / mean

    def spread(p: Float64, w: Float64) -> Float64:
        around: Float64 = share + (p - share * w) / mean
        return around

    seeds = None
    if part.seed_means is not None and whole.seed_means is not None:
        seeds = spread(*(of[metrics].to_numpy(float) for of in (part.seed_means, whole.seed_means)))
    low, high = mean_interval(
        spread(p, w),
        whole.clips["category"].to_numpy(str),
        whole.clips["src_file"].to_numpy(str),
        level=options["level"],
        shares=False,
        seed_means=seeds,
    )
    told: dict[str, float] = {}
    for place, metric in enumerate(metrics):
        ends = {"": share[place], "_low": low[place], "_high": high[place]}
        told |= {
            f"{LEFT}_{metric}{end}": float(value) if found[place] else np.nan
            for end, value in ends.items()
        }
    return told


def _summary(asked: Asked, options: Mapping[str, Any]) -> dict[str, float]:
    return summarise(asked.clips, level=options["level"], seed_means=asked.seed_means)


def asked_by(scores: Mapping[Row, pd.DataFrame], runs: Sequence[Row]) -> Asked:
    """Return the scores of the clips of some runs, those of several seeds averaged.

    Parameters
    ----------
    scores : mapping
        Of each run or training, a row a clip.
    runs : sequence
        Those of one method.
    """
    every = pd.concat([over_orders(scores[run]).assign(seed=run.seed) for run in runs])
    measured = [name for name in every.columns if name not in (*ABOUT_QUERY, "seed")]
    clips = every.groupby(list(ABOUT_QUERY), as_index=False)[measured].mean()
    clips = clips.sort_values("query", ignore_index=True)
    by_seed = every.groupby("seed")[measured]
    whole = by_seed.mean()[by_seed.size() == len(clips)]
    return Asked(clips, whole if len(whole) > 1 else None)
