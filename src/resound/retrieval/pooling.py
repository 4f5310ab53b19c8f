"""Pooling of the vectors of a clip to one, before clips are compared."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from resound.errors import check_choice

Floating = npt.NDArray[np.floating]

POOLINGS: dict[str, Callable[[Floating], Floating]] = {
    "mean": lambda x: x.mean(axis=1, keepdims=True, dtype=np.float64),
    "max": lambda x: x.max(axis=1, keepdims=True),
}


def pooled(x: npt.ArrayLike, pooling: str | None) -> Floating:
    """Return one vector of each clip, or its sequence of vectors as it is.

    Parameters
    ----------
    x : array_like, shape (clips, n, dims)
        The vectors of each clip, those of its windows.
    pooling : str or None
        ``mean`` or ``max``, of each dim over the `n` vectors, the mean summed in float64; None: not
        pooled.

    Returns
    -------
    ndarray, shape (clips, 1, dims) or (clips, n, dims)
        Of the type of `x`; a memory map that is not pooled is not read.

    Raises
    ------
    ParameterError
        For an unknown pooling.

    Examples
    --------
    >>> pooled([[[1.0, 4.0], [3.0, 2.0]]], "mean").tolist()
    [[[2.0, 3.0]]]
    """
    vectors: Floating = np.asanyarray(x)
    if pooling is None:
        return vectors
    pool = POOLINGS[check_choice("pooling", pooling, POOLINGS)]
    return np.asarray(pool(vectors), vectors.dtype)
