"""Which clips ask and which answer."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from resound.data.folds import NO_FOLDS
from resound.errors import DataError

Positions = npt.NDArray[np.intp]


def split_positions(
    folds: npt.ArrayLike, query_folds: Sequence[int]
) -> tuple[Positions, Positions]:
    """Divide clips into queries and gallery by their folds.

    Parameters
    ----------
    folds : array_like of int, shape (clips,)
        The fold of each clip.
    query_folds : sequence of int
        The folds that ask; all others answer. None: every clip asks, and every clip answers.

    Returns
    -------
    queries, gallery : ndarrays of int
        Positions in `folds`, ascending.

    Raises
    ------
    DataError
        When a query fold has no clips, or no fold is left to answer.
    """
    of_clip = np.asarray(folds)
    if not len(query_folds):
        everyone = np.arange(len(of_clip))
        return everyone, everyone
    there = sorted(set(of_clip.tolist()))
    absent = sorted(set(query_folds) - set(there))
    if there == [NO_FOLDS]:
        raise DataError(
            f"query_folds={list(query_folds)}, but the CSV has no folds; "
            "set retrieval.protocol: leave_one_out, or give it a column fold"
        )
    if absent:
        raise DataError(
            f"query_folds={list(query_folds)}: no clip lies in fold {', '.join(map(str, absent))}; "
            f"the data set has the folds {', '.join(map(str, there))}; see retrieval.query_folds"
        )
    asks = np.isin(of_clip, query_folds)
    if asks.all():
        raise DataError(
            f"query_folds={list(query_folds)} are all folds of the data set, and none is left to "
            "answer; take one out of retrieval.query_folds"
        )
    return np.flatnonzero(asks), np.flatnonzero(~asks)
