"""Scores of clips that end in padding, beside those of clips that sound to their end."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.evaluation.changed import Asked, asked_by
from resound.evaluation.scoring import TIES, metrics_of
from resound.evaluation.summary import Row, by_method, summarise
from resound.metrics.intervals import mean_interval

Float64 = npt.NDArray[np.float64]

WITHOUT, WITH, DIFFERENCE = "without", "with", "difference"


def tail_rows(
    scores: Mapping[Row, pd.DataFrame],
    padded: Iterable[str],
    query_folds: Mapping[str, Sequence[int]],
    *,
    protocol: str,
    options: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return three rows of each method: clips without a silent tail, with one, the difference.

    Parameters
    ----------
    scores : mapping
        The scores of the queries of each run, or of the test clips of each training, in the order
        of the table.
    padded : iterable of str
        Ids of the clips that end in silence.
    query_folds : mapping
        The folds that ask, or are tested, by split; none for leave-one-out.
    protocol : str
        What divides the clips.
    options : mapping
        ``level`` of the intervals.

    Returns
    -------
    list of dict
        What names the method, ``tail`` (``without``, ``with``, ``difference``), ``n_queries``, and
        the mean of each metric with its interval; of the difference as `tail_difference` returns
        it. A row without clips has no metrics.
    """
    ids, rows = set(padded), []
    for about, folds, runs in by_method(list(scores), query_folds):
        asked = asked_by(scores, runs)
        has_tail = asked.clips["query"].isin(ids).to_numpy()
        row = {**about, "protocol": protocol, "query_fold": folds}
        for tail, part in ((WITHOUT, ~has_tail), (WITH, has_tail)):
            told = summarise(asked.clips[part], **options) if part.any() else {}
            rows.append({**row, "tail": tail, "n_queries": int(part.sum()), **told})
        rows.append({**row, "tail": DIFFERENCE, **tail_difference(asked, has_tail, options)})
    return rows


def tail_difference(
    asked: Asked, has_tail: npt.NDArray[np.bool_], options: Mapping[str, Any]
) -> dict[str, float]:
    r"""Return by how much clips with a silent tail score more than those without in their class.

    Of the :math:`n_c` clips of class c with a tail and the :math:`m_c` without, over the classes
    that have both,

    .. math:: d = \frac{1}{\sum_c n_c} \sum_c n_c \, (\bar t_c - \bar w_c)

    so that classes whose clips are often short do not stand for the tail. Its interval is that of
    the mean of its influence values, by the residuals of class means and a tail that adds d in each
    class: so a class that has a single clip with a tail counts for how far it is from d. See
    `resound.metrics.intervals.mean_interval`.

    Parameters
    ----------
    asked : Asked
        Scores of all clips.
    has_tail : ndarray of bool, shape (clips,)
        Whether each ends in silence.
    options : mapping
        ``level`` of the interval.

    Returns
    -------
    dict
        ``n_queries``, the clips compared, and ``mrr@10, mrr@10_low, mrr@10_high, ...``; none
        where no class has both.

    Examples
    --------
    >>> about = {"query": list("abcd"), "category": "dog", "src_file": list("abcd")}
    >>> asked = Asked(pd.DataFrame(about | {"mrr@10": [1.0, 0.5, 0.5, 0.0]}))
    >>> found = tail_difference(asked, np.array([True, True, False, False]), {"level": 0.95})
    >>> found["n_queries"], found["mrr@10"]
    (4, 0.5)
    """
    about = asked.clips.assign(tail=has_tail)
    sizes = about.groupby("category")["tail"].agg(["sum", "size"])
    both = sizes[(sizes["sum"] > 0) & (sizes["sum"] < sizes["size"])]
    compared = about[about["category"].isin(both.index)]
    told: dict[str, float] = {"n_queries": len(compared)}
    if not len(compared):
        return told
    metrics = [name for name in metrics_of(asked.clips) if name != TIES]
    x, tail = compared[metrics].to_numpy(float), compared["tail"].to_numpy(bool)
    n = compared["category"].map(both["sum"]).to_numpy(float)
    m = compared["category"].map(both["size"] - both["sum"]).to_numpy(float)
    weights = np.where(tail, 1.0, -n / m)[:, np.newaxis] / tail.sum()
    found = (weights * x).sum(axis=0)
    plain = pd.DataFrame(x - found * tail[:, np.newaxis], index=compared.index)
    residuals = plain - plain.groupby(compared["category"]).transform("mean")
    low, high = mean_interval(
        found + len(x) * weights * residuals.to_numpy(),
        compared["category"].to_numpy(str),
        compared["src_file"].to_numpy(str),
        level=options["level"],
        shares=False,
    )
    for name, value, *ends in zip(metrics, found, low, high, strict=True):
        told |= {name: float(value), f"{name}_low": float(ends[0]), f"{name}_high": float(ends[1])}
    return told
