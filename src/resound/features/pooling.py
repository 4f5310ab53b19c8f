"""Pooling of the vectors of a clip to one: of its frames, or of the embeddings of its windows."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from resound.errors import check_choice

Floating = npt.NDArray[np.floating]


def _summary(x: Floating) -> Floating:
    steps = np.diff(x, axis=1) if x.shape[1] > 1 else np.zeros_like(x)
    parts = [
        x.mean(axis=1, dtype=np.float64),
        x.std(axis=1, dtype=np.float64),
        x.min(axis=1),
        x.max(axis=1),
        steps.std(axis=1, dtype=np.float64),
    ]
    return np.concatenate(parts, axis=-1)[:, np.newaxis]


POOLINGS: dict[str, Callable[[Floating], Floating]] = {
    "mean": lambda x: x.mean(axis=1, keepdims=True, dtype=np.float64),
    "max": lambda x: x.max(axis=1, keepdims=True),
    "summary": _summary,
}


def pooled(x: npt.ArrayLike, pooling: str | None) -> Floating:
    """Return one vector of each clip, or its sequence of vectors as it is.

    ``mean`` and ``max`` are those of each dim. ``summary`` is five numbers of each dim: all means,
    then all standard deviations, smallest values, largest values, and the standard deviations of
    the steps from one vector to the next, 0 where there is one alone. Means and deviations are
    summed in float64.

    Parameters
    ----------
    x : array_like, shape (clips, n, dims)
        The vectors of each clip, in their order.
    pooling : str or None
        ``mean``, ``max`` or ``summary``; None: not pooled.

    Returns
    -------
    ndarray, shape (clips, 1, dims), (clips, 1, 5 dims) or (clips, n, dims)
        Of the type of `x`; a memory map that is not pooled is not read.

    Raises
    ------
    ParameterError
        For an unknown pooling.

    Examples
    --------
    >>> pooled([[[1.0, 4.0], [3.0, 2.0]]], "mean").tolist()
    [[[2.0, 3.0]]]
    >>> pooled([[[1.0], [3.0], [2.0]]], "summary").round(3).tolist()
    [[[2.0, 0.816, 1.0, 3.0, 1.5]]]
    """
    vectors: Floating = np.asanyarray(x)
    if pooling is None:
        return vectors
    pool = POOLINGS[check_choice("pooling", pooling, POOLINGS)]
    return np.asarray(pool(vectors), vectors.dtype)
