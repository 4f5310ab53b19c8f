"""Retrieval metrics: how good a ranked list is, for each query.

Each metric takes `relevant` (Q, K), whether the hit at each rank is relevant, `n_relevant` (Q,),
the number of relevant clips in the gallery, and a cut-off k, and returns (Q,) values from 0 to 1.
With r_i = 1 where the hit at rank i (from 1) is relevant, else 0, and R = n_relevant:

=================  ==================================================  ====================
name               value                                               trec_eval's name
=================  ==================================================  ====================
mrr                1 / (rank of the first relevant hit up to k)        recip_rank
ndcg               DCG / DCG of the best list, min(k, R) ones          ndcg_cut
ndcg_retrieved     DCG / DCG of the longest list re-sorted, cut at k
binary             1 if a hit up to k is relevant                      success
proportion         (r_1 + ... + r_k) / k: the precision                P
map                sum of r_i (r_1 + ... + r_i) / i, over R            map_cut
r_precision        (r_1 + ... + r_R) / R                               Rprec
=================  ==================================================  ====================

DCG = sum of r_i / log2(i + 1) up to k (Järvelin and Kekäläinen, "Cumulated gain-based evaluation of
IR techniques", ACM TOIS 20(4), 2002, in the form of trec_eval).

`ndcg_retrieved` is what the study prints. Its ideal are the hits that were retrieved, re-sorted so
that the relevant ones come first: min(k, n) ones, n being the relevant hits of the longest list
that is cut, `max(ks)` of `score` (the study's: 20). So at a smaller k it does tell of relevant hits
between k and `max(ks)`, and depends on `max(ks)`; it never tells of those that did not come.

A list shorter than k counts as filled up with irrelevant hits. A query without relevant clips in
the gallery scores 0 in each metric.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from resound.errors import ParameterError, check_choice, check_positive_int

Bool = npt.NDArray[np.bool_]
Int = npt.NDArray[np.integer]
Scores = npt.NDArray[np.float64]
Metric = Callable[[Bool, Int, int], Scores]


def mrr(relevant: Bool, n_relevant: Int, k: int) -> Scores:
    """Return the reciprocal rank of the first relevant hit up to `k`, or 0.

    Parameters
    ----------
    relevant : ndarray of bool, shape (Q, K)
        Whether the hit at each rank is relevant.
    n_relevant : ndarray of int, shape (Q,)
        Number of relevant clips in the gallery; it does not count here.
    k : int
        Cut-off.

    Returns
    -------
    ndarray of float64, shape (Q,)
        Values in [0, 1].

    Examples
    --------
    >>> relevant, n_relevant = np.array([[False, True, True]]), np.array([2])
    >>> mrr(relevant, n_relevant, 3)
    array([0.5])
    """
    hits = relevant[:, :k]
    found = hits.any(axis=1)
    first = hits.argmax(axis=1) if hits.shape[1] else np.zeros(len(hits), dtype=np.intp)
    return np.where(found, 1.0 / (first + 1.0), 0.0)


def ndcg(relevant: Bool, n_relevant: Int, k: int) -> Scores:
    """Return DCG at `k` over that of a list headed by all relevant clips of the gallery.

    Parameters
    ----------
    relevant : ndarray of bool, shape (Q, K)
        Whether the hit at each rank is relevant.
    n_relevant : ndarray of int, shape (Q,)
        Number of relevant clips in the gallery; the ideal list begins with them.
    k : int
        Cut-off.

    Returns
    -------
    ndarray of float64, shape (Q,)
        Values in [0, 1].
    """
    return _ratio(_dcg(relevant, k), _ideal_dcg(np.minimum(n_relevant, k)))


def ndcg_retrieved(relevant: Bool, n_relevant: Int, k: int) -> Scores:
    """Return DCG at `k` over that of all listed hits re-sorted, relevant ones first, cut at `k`.

    Parameters
    ----------
    relevant : ndarray of bool, shape (Q, K)
        Whether the hit at each rank is relevant.
    n_relevant : ndarray of int, shape (Q,)
        Number of relevant clips in the gallery; it does not count here.
    k : int
        Cut-off.

    Returns
    -------
    ndarray of float64, shape (Q,)
        Values in [0, 1].
    """
    return _ratio(_dcg(relevant, k), _ideal_dcg(np.minimum(relevant.sum(axis=1), k)))


def binary(relevant: Bool, n_relevant: Int, k: int) -> Scores:
    """Return 1 where one of the first `k` hits is relevant, else 0.

    Parameters
    ----------
    relevant : ndarray of bool, shape (Q, K)
        Whether the hit at each rank is relevant.
    n_relevant : ndarray of int, shape (Q,)
        Number of relevant clips in the gallery; it does not count here.
    k : int
        Cut-off.

    Returns
    -------
    ndarray of float64, shape (Q,)
        Values in [0, 1].
    """
    return np.asarray(relevant[:, :k].any(axis=1), dtype=np.float64)


def proportion(relevant: Bool, n_relevant: Int, k: int) -> Scores:
    """Return the precision at `k`: the relevant ones among the first `k` hits, over `k`.

    Parameters
    ----------
    relevant : ndarray of bool, shape (Q, K)
        Whether the hit at each rank is relevant.
    n_relevant : ndarray of int, shape (Q,)
        Number of relevant clips in the gallery; it does not count here.
    k : int
        Cut-off.

    Returns
    -------
    ndarray of float64, shape (Q,)
        Values in [0, 1].
    """
    return np.asarray(relevant[:, :k].sum(axis=1) / k, dtype=np.float64)


def mean_average_precision(relevant: Bool, n_relevant: Int, k: int) -> Scores:
    """Return the sum of the precisions at each relevant hit up to `k`, over `n_relevant`.

    Parameters
    ----------
    relevant : ndarray of bool, shape (Q, K)
        Whether the hit at each rank is relevant.
    n_relevant : ndarray of int, shape (Q,)
        Number of relevant clips in the gallery; 0 gives 0.
    k : int
        Cut-off.

    Returns
    -------
    ndarray of float64, shape (Q,)
        Values in [0, 1].
    """
    hits = relevant[:, :k]
    precisions = np.cumsum(hits, axis=1) / _ranks(hits.shape[1])
    return _ratio((precisions * hits).sum(axis=1), n_relevant)


def r_precision(relevant: Bool, n_relevant: Int) -> Scores:
    """Return the precision at rank `n_relevant` of each query.

    Parameters
    ----------
    relevant : ndarray of bool, shape (Q, K)
        Whether the hit at each rank is relevant.
    n_relevant : ndarray of int, shape (Q,)
        Number of relevant clips in the gallery; 0 gives 0.

    Returns
    -------
    ndarray of float64, shape (Q,)
        Values in [0, 1].

    Raises
    ------
    ParameterError
        If the lists are shorter than the largest `n_relevant`.
    """
    length, needed = relevant.shape[1], int(n_relevant.max(initial=0))
    if length < needed:
        raise ParameterError(
            f"r_precision needs lists of {needed} hits, as many as there are relevant clips, and "
            f"got {length}; rank with k={needed} or more"
        )
    counted = relevant & (_ranks(length) <= n_relevant[:, np.newaxis])
    return _ratio(counted.sum(axis=1), n_relevant)


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "mrr": mrr,
        "ndcg": ndcg,
        "ndcg_retrieved": ndcg_retrieved,
        "binary": binary,
        "proportion": proportion,
        "map": mean_average_precision,
    }
)
R_PRECISION = "r_precision"


def score(
    relevant: npt.ArrayLike,
    n_relevant: npt.ArrayLike,
    ks: Iterable[int],
    *,
    metrics: Iterable[str] = (*METRICS, R_PRECISION),
) -> dict[str, Scores]:
    """Return all metrics of all queries.

    Parameters
    ----------
    relevant : array_like of bool, shape (Q, K)
        Whether the hit at each rank is relevant; False where a list has no more hits. Beyond the
        largest cut-off, only ``r_precision`` reads the list.
    n_relevant : array_like of int, shape (Q,)
        Number of relevant clips in the gallery that the query may find.
    ks : iterable of int
        Cut-offs; the largest one is the length of the list that is the ideal of ``ndcg_retrieved``.
    metrics : iterable of str
        Names from `METRICS`, and ``r_precision``, which knows no cut-off; all by default.

    Returns
    -------
    dict of str to ndarray, shape (Q,)
        One entry for each cut-off and metric, ``mrr@10``, and ``r_precision``; values in [0, 1].

    Raises
    ------
    ParameterError
        If shapes do not fit together, a list holds more relevant hits than the gallery, a cut-off
        or a name is not known, or the lists are too short for ``r_precision``.

    Examples
    --------
    One query with two relevant clips, found at ranks 2 and 3:

    >>> scores = score([[False, True, True]], [2], ks=[3], metrics=["mrr", "ndcg", "r_precision"])
    >>> {name: float(values[0].round(3)) for name, values in scores.items()}
    {'mrr@3': 0.5, 'ndcg@3': 0.693, 'r_precision': 0.5}
    """
    hits, total = _checked(relevant, n_relevant)
    names = [check_choice("metric", name, (*METRICS, R_PRECISION)) for name in metrics]
    cuts = [check_positive_int("k", k, "hits") for k in ks]
    listed = hits[:, : max(cuts, default=0)]
    scores = {
        f"{name}@{k}": METRICS[name](listed, total, k)
        for k in cuts
        for name in names
        if name != R_PRECISION
    }
    if R_PRECISION in names:
        scores[R_PRECISION] = r_precision(hits, total)
    return scores


def _checked(relevant: npt.ArrayLike, n_relevant: npt.ArrayLike) -> tuple[Bool, Int]:
    hits, total = np.asarray(relevant), np.asarray(n_relevant)
    if hits.ndim != 2 or hits.dtype != bool:
        raise ParameterError(
            f"relevant of shape {hits.shape} and type {hits.dtype} must be booleans (queries, hits)"
        )
    if total.shape != hits.shape[:1] or total.dtype.kind not in "iu":
        raise ParameterError(
            f"n_relevant of shape {total.shape} and type {total.dtype} must be whole numbers, "
            f"one for each of {len(hits)} queries"
        )
    found = hits.sum(axis=1)
    if (found > total).any():
        query = int(np.argmax(found > total))
        raise ParameterError(
            f"query {query} has {found[query]} relevant hits of n_relevant={total[query]}; "
            "count the relevant clips over the whole gallery, and list each clip once"
        )
    return hits, total


def _ranks(length: int) -> Scores:
    return np.arange(1.0, length + 1.0)


def _dcg(relevant: Bool, k: int) -> Scores:
    hits = relevant[:, :k]
    gained: Scores = np.where(hits, _gains(hits.shape[1]), 0.0)
    # Added up from rank 1 on, as the ideal is: a perfect list then scores exactly 1.
    return np.cumsum(gained, axis=1)[:, -1] if gained.size else np.zeros(len(gained))


def _ideal_dcg(n_relevant: Int) -> Scores:
    """Return the DCG of lists headed by `n_relevant` relevant hits."""
    gains = _gains(int(n_relevant.max(initial=0)))
    ideal: Scores = np.concatenate([[0.0], np.cumsum(gains)])[n_relevant]
    return ideal


def _gains(length: int) -> Scores:
    return 1.0 / np.log2(_ranks(length) + 1.0)


def _ratio(values: npt.NDArray[Any], totals: npt.NDArray[Any]) -> Scores:
    """Return values / totals, and 0 where the total is 0."""
    ratio: Scores = np.divide(values, totals, out=np.zeros(len(values)), where=totals > 0)
    return ratio
