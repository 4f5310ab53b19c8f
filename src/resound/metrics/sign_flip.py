"""Sign-flip tests: whether methods differ on the same queries, each pair and all at once.

Clips cut from one recording resemble each other, so recordings are flipped as wholes. Randomness
comes from the generator passed in, and for one seed the results are the same.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from resound.errors import check_positive_int
from resound.metrics._queries import Float64, checked_values

PATTERN_BLOCK = 512  # sign patterns in memory at a time


class PValues(NamedTuple):
    """Two-sided p-values, above 0 and up to 1.

    Attributes
    ----------
    alone, adjusted : ndarray, shape () or (P,)
        Of each test alone, and of all of them together.
    """

    alone: Float64
    adjusted: Float64


def sign_flip(sums: npt.ArrayLike, *, samples: int = 10_000, rng: np.random.Generator) -> PValues:
    r"""Return p-values of mean differences, adjusted for their number and for all choices of them.

    If two methods are alike, the sum d_c of their differences within a recording is as likely to
    have either sign. With

    .. math:: t = \Big|\sum_c d_c\Big| \Big/ \sqrt{\sum_c d_c^2}

    and t* its value under other signs, p is the share of sign patterns with t* >= t (Fisher, "The
    Design of Experiments", 1935, section 21; for retrieval: Smucker, Allan and Carterette, "A
    comparison of statistical significance tests for information retrieval evaluation", CIKM 2007).

    All tests share the patterns. Let t_(1) >= ... >= t_(P): the adjusted i-th p-value is the
    largest over j <= i of the shares of patterns under which any of t*_(j), ..., t*_(P) reaches
    t_(j) (Westfall and Young, "Resampling-based multiple testing", 1993, algorithm 2.8). Where the
    tests are all pairs of some methods, it also holds for a pair that was chosen because its
    methods came out first and second.

    Where there are at most `samples` patterns, all are counted; c recordings have 2^(c - 1), since
    all signs turned around give the same. Otherwise random ones are, and p = (1 + #) / (1 +
    samples), which is never 0 (Phipson and Smyth, "Permutation P-values should never be zero",
    Stat. Appl. Genet. Mol. Biol. 9(1), 2010).

    Parameters
    ----------
    sums : array_like, shape (C,) or (C, P)
        The sums d_c of C recordings, of P tests; 0 where a test has no query of a recording.
    samples : int
        Number of sign patterns at most.
    rng : numpy.random.Generator
        Source of random signs; not used where all patterns are counted.

    Returns
    -------
    PValues
        Of shape () or (P,).

    Raises
    ------
    ParameterError
        If there are no recordings, or a sum is not finite.

    Examples
    --------
    Of the four patterns of signs of three differences, the one that all are positive is the rarest:

    >>> rng = np.random.default_rng(0)
    >>> found = sign_flip([[0.8, 0.1], [0.6, -0.1], [0.4, 0.1]], rng=rng)
    >>> found.alone, found.adjusted
    (array([0.25, 1.  ]), array([0.5, 1. ]))
    """
    d = checked_values("sums", sums)
    samples = check_positive_int("samples", samples)
    table = d.reshape(len(d), -1)
    if not table.shape[1]:
        return PValues(np.empty(0), np.empty(0))
    size = np.sqrt((table**2).sum(axis=0))
    scaled = table / np.where(size > 0, size, 1.0)
    # Equal sums may differ in the last bits by their order; they count as equal.
    found = np.abs(scaled.sum(axis=0)) - 1e-12
    order = np.argsort(-found, kind="stable")
    n_patterns = 2 ** (len(d) - 1)
    exact = n_patterns <= samples
    blocks = _all_signs(len(d)) if exact else _random_signs(len(d), samples, rng)
    alone = np.zeros(len(found), np.int64)
    jointly = np.zeros(len(found), np.int64)
    for signs in blocks:
        flipped = np.abs(signs @ scaled)[:, order]
        alone += (flipped >= found[order]).sum(axis=0)
        largest = np.maximum.accumulate(flipped[:, ::-1], axis=1)[:, ::-1]
        jointly += (largest >= found[order]).sum(axis=0)
    added, total = (0, n_patterns) if exact else (1, 1 + samples)
    p = np.empty((2, len(found)))
    p[0, order] = (added + alone) / total
    p[1, order] = np.maximum.accumulate((added + jointly) / total)
    return PValues(*p.reshape(2, *d.shape[1:]))


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
