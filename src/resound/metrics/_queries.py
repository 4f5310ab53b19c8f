"""Values of queries: checked, and summed by the labels of the queries."""

import numpy as np
import numpy.typing as npt

from resound.errors import ParameterError

Float64 = npt.NDArray[np.float64]


def checked_values(name: str, values: npt.ArrayLike) -> Float64:
    """Return `values` (Q,) or (Q, M) as float64; ParameterError where one is not finite."""
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


def codes(name: str, labels: npt.ArrayLike, n_queries: int) -> npt.NDArray[np.intp]:
    """Return whole numbers from 0 that stand for `labels`, in the order of their sorting."""
    given = np.asarray(labels)
    if given.shape != (n_queries,):
        raise ParameterError(
            f"{name} of shape {given.shape} must hold one label for each of {n_queries} queries"
        )
    return np.unique(given, return_inverse=True)[1]


def sums_by(x: Float64, of: npt.NDArray[np.intp]) -> Float64:
    """Return the sums (n, ...) of the rows of `x` (Q, ...) by their codes."""
    sums = np.zeros((of.max() + 1, *x.shape[1:]))
    np.add.at(sums, of, x)
    return sums
