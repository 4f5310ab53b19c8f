"""Intervals of means over queries: how sure a figure is, of clips that are cut from recordings.

Clips of one recording resemble each other, and how many of each class there are is part of the
protocol. So a mean varies as recordings vary within their class: by its variance components, which
all classes share, since many of them have few recordings.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from resound.errors import ParameterError
from resound.metrics._queries import Float64, checked_values, codes, sums_by


class _Spread(NamedTuple):
    """The variance (M,) of means, and its degrees of freedom (M,)."""

    variance: Float64
    freedom: Float64


def mean_interval(
    values: npt.ArrayLike,
    strata: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    level: float = 0.95,
    shares: bool = True,
    seed_means: npt.ArrayLike | None = None,
) -> tuple[Float64, Float64]:
    r"""Return intervals of the means of `values` over queries.

    A value is the mean of its class, an effect of its recording of variance :math:`\sigma_b^2`, and
    a rest of variance :math:`\sigma_w^2`. Of Q queries in S classes and C recordings, :math:`n_c`
    of each, :math:`n_s` of each class,

    .. math::
        MS_b = \frac{1}{C - S} \sum_c n_c (\bar x_c - \bar x_s)^2, \quad
        MS_w = \frac{1}{Q - C} \sum_c \sum_{i \in c} (x_i - \bar x_c)^2

        V = \frac{1}{Q^2} \Big(k\, MS_b + (Q - k)\, MS_w\Big), \quad
        k = \frac{(C - S) \sum_c n_c^2}{Q - \sum_c n_c^2 / n_s}

    is the variance of the mean by the analysis of variance (Searle, Casella and McCulloch,
    "Variance components", 1992, section 3.6), or the pooled variance over Q where recordings differ
    by no more than their clips. Its degrees of freedom are Satterthwaite's (Biometrics Bulletin 2,
    1946). With `seed_means` the variance of their mean is added.

    Shares, which lie between 0 and 1, have the interval of Jeffreys for
    :math:`n = \bar x (1 - \bar x) / V` trials, times the square of the normal quantile over
    Student's (Korn and Graubard, "Confidence intervals for proportions with small expected number
    of positive counts estimated from survey data", Survey Methodology 24, 1998, with Jeffreys'
    quantiles in place of Clopper's and Pearson's); where V is 0, for C trials. Other numbers have
    Student's.

    Parameters
    ----------
    values : array_like, shape (Q,) or (Q, M)
        One value a query, or M metrics of it.
    strata : array_like of str or int, shape (Q,)
        Class of each query. Where none has two recordings, classes are not told apart.
    clusters : array_like of str or int, shape (Q,)
        Source recording of each query. A recording with clips of several classes counts as one in
        each of them.
    level : float
        Nominal coverage, between 0 and 1.
    shares : bool
        Whether values lie between 0 and 1; else they are any real numbers.
    seed_means : array_like, shape (R,) or (R, M), optional
        Of what was trained from R seeds, the mean of each seed.

    Returns
    -------
    low, high : ndarray, shape () or (M,)
        Bounds, in the unit of `values`; infinite for real numbers of a single recording.

    Raises
    ------
    ParameterError
        If there are no queries, a value is not finite or no share, the shapes do not fit together,
        or `level` is out of its range.

    Notes
    -----
    docs/intervals.md has what was tried, on which folds it was chosen, and how often it covers.

    Examples
    --------
    Four queries of one class, each of a recording of its own; their mean is 0.5:

    >>> low, high = mean_interval([1, 1, 0, 0], [0, 0, 0, 0], [0, 1, 2, 3])
    >>> round(float(low), 2), round(float(high), 2)
    (0.03, 0.97)
    """
    x = checked_values("values", values)
    if not 0 < level < 1:
        raise ParameterError(f"level={level!r} must lie between 0 and 1; 0.95 is usual")
    if shares and ((x < 0) | (x > 1)).any():
        raise ParameterError("values of shares must lie between 0 and 1; else say shares=False")
    stratum_of_query = codes("strata", strata, len(x))
    pair_of_query = stratum_of_query * len(x) + codes("clusters", clusters, len(x))
    cluster_of_query = np.unique(pair_of_query, return_inverse=True)[1]
    table = x.reshape(len(x), -1)
    mean, n_clusters = table.mean(axis=0), int(cluster_of_query.max()) + 1
    if n_clusters == stratum_of_query.max() + 1:
        stratum_of_query = np.zeros_like(stratum_of_query)
    spread = _spread(table, stratum_of_query, cluster_of_query)
    if seed_means is not None:
        spread = _with_seeds(spread, np.asarray(seed_means, float).reshape(-1, len(mean)))
    tail = (1 - level) / 2
    ends = _jeffreys(mean, spread, tail, n_clusters) if shares else _student(mean, spread, tail)
    low, high = (end.reshape(x.shape[1:]) for end in ends)
    return low, high


def _spread(
    x: Float64, stratum_of_query: npt.NDArray[np.intp], cluster_of_query: npt.NDArray[np.intp]
) -> _Spread:
    """Return the spread of the means of `x` (Q, M)."""
    n_queries, per_stratum, per_cluster = (
        len(x), np.bincount(stratum_of_query), np.bincount(cluster_of_query)
    )  # fmt: skip
    stratum_of_cluster = np.zeros(len(per_cluster), np.intp)
    stratum_of_cluster[cluster_of_query] = stratum_of_query
    of_strata = sums_by(x, stratum_of_query) / per_stratum[:, np.newaxis]
    of_clusters = sums_by(x, cluster_of_query) / per_cluster[:, np.newaxis]
    apart = of_clusters - of_strata[stratum_of_cluster]
    between = (per_cluster[:, np.newaxis] * apart**2).sum(axis=0)
    within = ((x - of_clusters[cluster_of_query]) ** 2).sum(axis=0)
    free_between = len(per_cluster) - len(per_stratum)
    free_within = n_queries - len(per_cluster)
    free = free_between + free_within
    if not free:  # a single query
        return _Spread(np.zeros(x.shape[1]), np.zeros(x.shape[1]))
    pooled = _Spread((between + within) / free / n_queries, np.full(x.shape[1], float(free)))
    if not free_between:  # a single recording
        return _Spread(pooled.variance, np.zeros(x.shape[1]))
    squares = (per_cluster**2).sum()
    k = (
        free_between
        * squares
        / (n_queries - (per_cluster**2 / per_stratum[stratum_of_cluster]).sum())
    )
    parts = [_Spread(k / n_queries**2 * between / free_between, np.full(1, float(free_between)))]
    ordinary = between / free_between
    if free_within:
        mean_square = within / free_within
        share = (n_queries - k) / n_queries**2
        parts.append(_Spread(share * mean_square, np.full(1, float(free_within))))
        alike = ordinary <= mean_square
    else:
        alike = np.zeros(x.shape[1], bool)
    found = _sum(parts)
    alike |= found.variance <= 0
    return _Spread(
        np.where(alike, pooled.variance, found.variance),
        np.where(alike, pooled.freedom, found.freedom),
    )


def _sum(parts: list[_Spread]) -> _Spread:
    """Return the sum of variances, with Satterthwaite's degrees of freedom."""
    variance = np.sum([part.variance for part in parts], axis=0)
    weights = np.sum([part.variance**2 / part.freedom for part in parts], axis=0)
    least = np.min([part.freedom for part in parts], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = np.where(weights > 0, variance**2 / weights, least)
    return _Spread(variance, np.maximum(freedom, 1.0))


def _with_seeds(spread: _Spread, means: Float64) -> _Spread:
    """Add the variance of the mean over seeds, of the `means` (R, M) of each."""
    if len(means) < 2 or not spread.freedom.all():
        return spread
    variance = means.var(axis=0, ddof=1) / len(means)
    return _sum([spread, _Spread(variance, np.full(len(variance), len(means) - 1.0))])


def _jeffreys(
    mean: Float64, spread: _Spread, tail: float, n_clusters: int
) -> tuple[Float64, Float64]:
    varies = spread.variance > 0
    trials = mean * (1 - mean) / np.where(varies, spread.variance, 1.0)
    trials = np.where(varies & (spread.freedom > 0), trials, n_clusters)
    freedom = np.where(spread.freedom > 0, spread.freedom, 1.0)
    trials *= (stats.norm.isf(tail) / stats.t.isf(tail, freedom)) ** 2
    right, wrong = mean * trials + 0.5, (1 - mean) * trials + 0.5
    low, high = stats.beta.ppf(tail, right, wrong), stats.beta.isf(tail, right, wrong)
    low, high = np.where(mean == 0, 0.0, low), np.where(mean == 1, 1.0, high)
    return np.minimum(low, mean), np.maximum(high, mean)


def _student(mean: Float64, spread: _Spread, tail: float) -> tuple[Float64, Float64]:
    freedom = np.where(spread.freedom > 0, spread.freedom, 1.0)
    half = stats.t.isf(tail, freedom) * np.sqrt(spread.variance)
    half = np.where(spread.freedom > 0, half, np.inf)
    return mean - half, mean + half
