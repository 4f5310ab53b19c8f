"""Bootstrap intervals and sign-flip tests: how sure a mean is, and whether two methods differ.

Clips cut from one recording resemble each other, so recordings are drawn, flipped and counted as
wholes. Randomness comes from the generator passed in, and for one seed the results are the same.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from resound.errors import ParameterError, check_positive_int

Float64 = npt.NDArray[np.float64]

PATTERN_BLOCK = 1024  # sign patterns in memory at a time


def bootstrap_interval(
    values: npt.ArrayLike,
    strata: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    samples: int = 1000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> tuple[Float64, Float64]:
    """Return percentile bootstrap intervals of the means of `values` over queries.

    In each sample, each stratum draws as many of its clusters as it has, with replacement, and all
    queries of a drawn cluster count, once for each draw; the mean is over all queries so drawn.
    The interval lies between the (1 - level) / 2 and (1 + level) / 2 quantiles of these means
    (Davison and Hinkley, "Bootstrap Methods and their Application", 1997, chapters 3 and
    5).

    Parameters
    ----------
    values : array_like, shape (Q,) or (Q, M)
        One value a query, or M metrics of it; all of them share the samples.
    strata : array_like of str or int, shape (Q,)
        Class of each query: the balance of classes is part of the protocol and not random.
    clusters : array_like of str or int, shape (Q,)
        Source recording of each query. A recording with clips of several classes counts as a
        cluster of its own in each of them.
    samples : int
        Number of bootstrap samples.
    level : float
        Nominal coverage, between 0 and 1.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    low, high : ndarray, shape () or (M,)
        Bounds of the intervals, in the unit of `values`.

    Raises
    ------
    ParameterError
        If there are no queries, a value is not finite, the shapes do not fit together, or an
        option is out of its range.

    Notes
    -----
    A stratum of c clusters understates its variance by the factor (c - 1) / c, and one of a single
    cluster adds none: where classes have few recordings, the interval is too short.

    Examples
    --------
    Four queries of one class, each of a recording of its own; their mean is 0.5:

    >>> rng = np.random.default_rng(0)
    >>> low, high = bootstrap_interval([1, 1, 0, 0], [0, 0, 0, 0], [0, 1, 2, 3], rng=rng)
    >>> float(low), float(high)
    (0.0, 1.0)
    """
    x = _checked_values("values", values)
    samples = check_positive_int("samples", samples)
    if not 0 < level < 1:
        raise ParameterError(f"level={level!r} must lie between 0 and 1; 0.95 is usual")
    stratum_of_query = _codes("strata", strata, len(x))
    pair_of_query = stratum_of_query * len(x) + _codes("clusters", clusters, len(x))
    pairs, cluster_of_query = np.unique(pair_of_query, return_inverse=True)
    draws = _draw_counts(pairs // len(x), samples, rng)
    totals = draws @ _sums(x, cluster_of_query)
    means = totals / (draws @ np.bincount(cluster_of_query)).reshape(-1, *[1] * (x.ndim - 1))
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.asarray(low), np.asarray(high)


def paired_sign_flip(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    samples: int = 10_000,
    rng: np.random.Generator,
) -> Float64:
    """Return the two-sided p-value of the mean difference of two methods on the same queries.

    If the methods are alike, the sum of the differences a - b within a cluster is as likely to
    have either sign. With T the sum of all differences and T* its value under other signs of the
    clusters' sums, p is the share of sign patterns with |T*| >= |T| (Fisher, "The Design of
    Experiments", 1935, section 21; for retrieval: Smucker, Allan and Carterette, "A comparison of
    statistical significance tests for information retrieval evaluation", CIKM 2007).

    Where there are at most `samples` patterns, all are counted and p is exact; c clusters have
    2^(c - 1), since all signs turned around give the same |T*|. Otherwise random ones are, and
    p = (1 + #{|T*| >= |T|}) / (1 + samples), which is never 0 (Phipson and Smyth, "Permutation
    P-values should never be zero", Stat. Appl. Genet. Mol. Biol. 9(1), 2010).

    Parameters
    ----------
    a, b : array_like, shape (Q,) or (Q, M)
        Values of the two methods, one a query, or M metrics of it.
    clusters : array_like of str or int, shape (Q,)
        Source recording of each query.
    samples : int
        Number of sign patterns at most.
    rng : numpy.random.Generator
        Source of random signs; not used where all patterns are counted.

    Returns
    -------
    ndarray, shape () or (M,)
        p-values above 0 and up to 1.

    Raises
    ------
    ParameterError
        If there are no queries, a value is not finite, or the shapes do not fit together.

    Examples
    --------
    Of the four patterns of signs of three differences, the one that all are positive is the rarest:

    >>> rng = np.random.default_rng(0)
    >>> float(paired_sign_flip([0.9, 0.8, 0.7], [0.1, 0.2, 0.3], [0, 1, 2], rng=rng))
    0.25
    """
    x, y = _checked_values("a", a), _checked_values("b", b)
    if x.shape != y.shape:
        raise ParameterError(
            f"a of shape {x.shape} and b of shape {y.shape} must be values of the same queries"
        )
    samples = check_positive_int("samples", samples)
    sums = _sums(x - y, _codes("clusters", clusters, len(x)))
    # Equal sums may differ in the last bits by their order; they count as equal.
    least = np.abs(sums.sum(axis=0)) - 1e-12 * np.abs(sums).sum(axis=0)
    n_patterns = 2 ** (len(sums) - 1)
    exact = n_patterns <= samples
    blocks = _all_signs(len(sums)) if exact else _random_signs(len(sums), samples, rng)
    reached = sum((np.abs(signs @ sums) >= least).sum(axis=0) for signs in blocks)
    return np.asarray(reached / n_patterns if exact else (1 + reached) / (1 + samples))


def holm(p_values: npt.ArrayLike) -> Float64:
    """Return p-values adjusted for their number by Holm's step-down method.

    With p_(1) <= ... <= p_(m), the adjusted i-th is max over j <= i of min(1, (m - j + 1) p_(j))
    (Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Stat. 6, 1979).

    Parameters
    ----------
    p_values : array_like, shape (m,)
        p-values of one family of tests.

    Returns
    -------
    ndarray, shape (m,)
        Adjusted p-values in the order given; those at most alpha are significant at alpha.

    Raises
    ------
    ParameterError
        If a p-value is not between 0 and 1.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ParameterError(f"p_values={p_values!r} must be a list of numbers from 0 to 1")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def _checked_values(name: str, values: npt.ArrayLike) -> Float64:
    x = np.asarray(values, dtype=np.float64)
    if x.ndim not in (1, 2) or len(x) == 0:
        raise ParameterError(
            f"{name} of shape {x.shape} must be (queries,) or (queries, metrics), of one query "
            "or more"
        )
    if not np.isfinite(x).all():
        query = int(np.argwhere(~np.isfinite(x))[0][0])
        raise ParameterError(f"{name}: query {query} is NaN or infinite; score it, or leave it out")
    return x


def _codes(name: str, labels: npt.ArrayLike, n_queries: int) -> npt.NDArray[np.intp]:
    """Return whole numbers from 0 that stand for `labels`, in the order of their sorting."""
    given = np.asarray(labels)
    if given.shape != (n_queries,):
        raise ParameterError(
            f"{name} of shape {given.shape} must hold one label for each of {n_queries} queries"
        )
    return np.unique(given, return_inverse=True)[1]


def _sums(x: Float64, codes: npt.NDArray[np.intp]) -> Float64:
    """Return the sums of the rows of `x` (Q, ...) by their codes."""
    sums = np.zeros((codes.max() + 1, *x.shape[1:]))
    np.add.at(sums, codes, x)
    return sums


def _all_signs(n_clusters: int) -> Iterator[Float64]:
    """Yield all patterns of signs whose last one is positive, some at a time."""
    bits = np.arange(n_clusters)
    n_patterns = 2 ** (n_clusters - 1)
    for start in range(0, n_patterns, PATTERN_BLOCK):
        patterns = np.arange(start, min(start + PATTERN_BLOCK, n_patterns))[:, np.newaxis]
        yield np.where(patterns >> bits & 1, -1.0, 1.0)


def _random_signs(n_clusters: int, samples: int, rng: np.random.Generator) -> Iterator[Float64]:
    for start in range(0, samples, PATTERN_BLOCK):
        yield rng.choice([-1.0, 1.0], size=(min(PATTERN_BLOCK, samples - start), n_clusters))


def _draw_counts(
    strata: npt.NDArray[Any], samples: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return (samples, clusters) how often each cluster is drawn within its stratum."""
    counts = np.empty((samples, len(strata)), dtype=np.int64)
    for stratum in np.unique(strata):
        (members,) = np.nonzero(strata == stratum)
        shares = np.full(len(members), 1 / len(members))
        counts[:, members] = rng.multinomial(len(members), shares, size=samples)
    return counts
