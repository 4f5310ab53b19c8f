"""The call of a distance by its name, with a look at what it returns: its writer may be anybody."""

from typing import Any

import numpy as np
import numpy.typing as npt

from resound.errors import ParameterError
from resound.registry import DISTANCES, where


def distances_by(
    name: str, queries: npt.NDArray[Any], gallery: npt.NDArray[Any], **options: Any
) -> npt.NDArray[np.floating[Any]]:
    """Return the distances of all pairs of clips by a registered distance.

    Parameters
    ----------
    name : str
        Of `resound.registry.DISTANCES`.
    queries : ndarray, shape (Q, n, d)
        Clips that ask.
    gallery : ndarray, shape (N, m, d)
        Clips that answer.
    **options
        Of the distance, and ``n_threads``.

    Returns
    -------
    ndarray of float, shape (Q, N)

    Raises
    ------
    ParameterError
        What the distance raises; with its file and line, when it returns anything but that.

    Examples
    --------
    >>> distances_by("cosine", np.eye(2)[:, None], np.eye(2)[:1, None]).tolist()
    [[0.0], [1.0]]
    """
    found: Any = DISTANCES[name](queries, gallery, **options)
    shape, told = (len(queries), len(gallery)), f"a {type(found).__name__}"
    if isinstance(found, np.ndarray):
        told = f"{found.dtype} of shape {found.shape}"
        if found.shape == shape and np.issubdtype(found.dtype, np.floating):
            if not np.isnan(found).any():
                return found
            told += " with NaN in it"
    raise ParameterError(
        f"distance {name!r}, {where(DISTANCES[name])}: returned {told}; of {shape[0]} queries and "
        f"{shape[1]} clips it must be floats of shape {shape}"
    )
