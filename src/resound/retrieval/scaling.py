"""Scalings of distances: what a distance means where its two clips live.

Some clips are near to many others, some far from all. A scaling weighs a distance by the
neighbourhoods of both clips, so that hubs no longer lead every list, and so that distances of
different kinds can be added. It knows no label and no other query: of a query it sees the distances
to the gallery, of a gallery clip those to the rest of the gallery.

A scaling is two steps. `statistics` tells, row by row, what is kept of a clip; `rescale` takes the
distances of some rows, what was kept of these and of all gallery clips. Pairs that must not meet,
a gallery clip with itself among them, are infinitely far and stay so.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, rankdata

from resound.errors import ParameterError, check_positive_int

Float64 = npt.NDArray[np.float64]

# Of the median of a statistic: a clip whose neighbours are its copies is not infinitely far.
SMALLEST = 1e-6


class Scaling(Protocol):
    """What weighs distances by the neighbourhoods of their clips."""

    def statistics(self, rows: Float64) -> Float64:
        """Return what is kept (R, p) of clips, from their distances `rows` (R, N)."""

    def rescale(self, rows: Float64, of_rows: Float64, of_columns: Float64) -> Float64:
        """Return them scaled (R, N): `rows` (R, N), `of_rows` (R, p), `of_columns` (N, p)."""


@dataclass(frozen=True)
class Unscaled:
    """The distances as they are."""

    def statistics(self, rows: Float64) -> Float64:
        """Return nothing (R, 0) of each clip, whatever its `rows` (R, N)."""
        return np.empty((len(rows), 0))

    def rescale(self, rows: Float64, of_rows: Float64, of_columns: Float64) -> Float64:
        """Return `rows` (R, N) as (R, N); `of_rows` (R, 0) and `of_columns` (N, 0) are empty."""
        return rows


@dataclass(frozen=True)
class LocalScaling:
    r"""Distances in units of the neighbourhoods: :math:`d(x, y) / \sqrt{\sigma_x \sigma_y}`.

    :math:`\sigma` is the mean distance of a clip to its nearest `neighbours` of the gallery. One
    that is next to nothing, as of copies, counts as a millionth of the gallery's median.

    Parameters
    ----------
    neighbours : int
        All where the gallery has fewer.

    References
    ----------
    L. Zelnik-Manor and P. Perona, "Self-tuning spectral clustering", NIPS 2004. H. Jegou,
    H. Harzallah and C. Schmid, "A contextual dissimilarity measure for accurate and efficient
    image search", CVPR 2007.

    Examples
    --------
    >>> scaling = LocalScaling(neighbours=1)
    >>> within = np.array([[np.inf, 1.0], [1.0, np.inf]])
    >>> asked = np.array([[2.0, 8.0]])
    >>> of = scaling.statistics(asked), scaling.statistics(within)
    >>> scaling.rescale(asked, *of).round(3)
    array([[1.414, 5.657]])
    """

    neighbours: int = 10

    def __post_init__(self) -> None:
        check_positive_int("neighbours", self.neighbours, "clips")

    def statistics(self, rows: Float64) -> Float64:
        """Return the mean (R, 1) of the nearest of `rows` (R, N); 1 for a clip that meets none."""
        k = min(self.neighbours, rows.shape[1])
        near = np.sort(np.partition(rows, k - 1, axis=1)[:, :k], axis=1)
        met = np.isfinite(near)
        total = np.where(met, near, 0.0).sum(axis=1)
        counts = met.sum(axis=1)
        return np.where(counts > 0, total / np.maximum(counts, 1), 1.0)[:, np.newaxis]

    def rescale(self, rows: Float64, of_rows: Float64, of_columns: Float64) -> Float64:
        """Return them scaled (R, N): `rows` (R, N), `of_rows` (R, 1), `of_columns` (N, 1)."""
        least = SMALLEST * float(np.median(of_columns)) or SMALLEST
        units = np.sqrt(np.maximum(of_rows, least) * np.maximum(of_columns, least).T)
        scaled: Float64 = rows / units
        return scaled


@dataclass(frozen=True)
class MutualProximity:
    """How unlikely it is that two clips are as near as they are: 1 - P(X > d) P(Y > d).

    X and Y are the distances of the one and of the other clip to the gallery, taken as normal.

    References
    ----------
    D. Schnitzer, A. Flexer, M. Schedl and G. Widmer, "Local and global scaling reduce hubs in
    space", Journal of Machine Learning Research 13, 2012; the variant of independent Gaussians.
    """

    def statistics(self, rows: Float64) -> Float64:
        """Return mean and standard deviation (R, 2) of each of `rows` (R, N)."""
        met = np.isfinite(rows)
        counts = np.maximum(met.sum(axis=1), 1)
        known = np.where(met, rows, 0.0)
        mean = known.sum(axis=1) / counts
        square = np.square(np.where(met, rows - mean[:, np.newaxis], 0.0)).sum(axis=1)
        return np.stack([mean, np.sqrt(square / counts)], axis=1)

    def rescale(self, rows: Float64, of_rows: Float64, of_columns: Float64) -> Float64:
        """Return 0 to 1 (R, N), of `rows` (R, N), `of_rows` (R, 2) and `of_columns` (N, 2)."""
        finite = np.isfinite(rows)
        known = np.where(finite, rows, 0.0)
        further = _tail(known, of_rows[:, :1], of_rows[:, 1:])
        further *= _tail(known, of_columns[:, 0], of_columns[:, 1])
        return np.where(finite, 1 - further, np.inf)


@dataclass(frozen=True)
class ReciprocalRanks:
    """Places in the lists: 1 / (c + 1) - 1 / (c + r) for the clip at rank r, 0 for the first.

    Summed over several lists these order clips as reciprocal rank fusion does.

    Parameters
    ----------
    constant : float
        How little the first places count more than the next.

    References
    ----------
    G. Cormack, C. Clarke and S. Buettcher, "Reciprocal rank fusion outperforms Condorcet and
    individual rank learning methods", SIGIR 2009.

    Examples
    --------
    >>> rows = np.array([[5.0, 0.1, 5.0]])
    >>> ReciprocalRanks(1.0).rescale(rows, np.empty((1, 0)), np.empty((3, 0)))
    array([[0.21428571, 0.        , 0.21428571]])
    """

    constant: float = 60.0

    def __post_init__(self) -> None:
        if not 0 <= self.constant < np.inf:
            raise ParameterError(f"constant={self.constant!r} must be a number of ranks from 0 on")

    def statistics(self, rows: Float64) -> Float64:
        """Return nothing (R, 0): a rank is known from `rows` (R, N) alone."""
        return np.empty((len(rows), 0))

    def rescale(self, rows: Float64, of_rows: Float64, of_columns: Float64) -> Float64:
        """Return scaled distances (R, N); equally near clips share the mean of their ranks.

        Of `rows` (R, N) alone; `of_rows` (R, 0) and `of_columns` (N, 0) are empty.
        """
        ranks = rankdata(rows, axis=1)
        scaled = 1 / (self.constant + 1) - 1 / (self.constant + ranks)
        return np.where(np.isfinite(rows), scaled, np.inf)


SCALINGS: dict[str, type[Scaling]] = {
    "none": Unscaled,
    "local": LocalScaling,
    "mutual": MutualProximity,
    "ranks": ReciprocalRanks,
}


def _tail(values: Float64, mean: Float64, deviation: Float64) -> Float64:
    """Return P(X > value) of a normal X; of one without deviation, half at its only value."""
    safe = np.where(deviation > 0, deviation, 1.0)
    beyond: Float64 = norm.sf((values - mean) / safe)
    flat = np.where(values > mean, 0.0, np.where(values < mean, 1.0, 0.5))
    return np.where(deviation > 0, beyond, flat)
