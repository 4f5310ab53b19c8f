"""How the precision of ranked lists falls with the rank."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd


def precision_over_rank(rankings: Sequence[pd.DataFrame]) -> npt.NDArray[np.float64]:
    """Return the precision up to each rank, averaged over all queries of several rankings.

    Returns
    -------
    ndarray, shape (ranks,)
        As many ranks as the shortest list has.
    """
    by_rank = []
    for ranked in rankings:
        hits = ranked.pivot_table("relevant", "query", "rank").dropna(axis="columns")
        relevant = hits.to_numpy(float)
        by_rank.append(relevant.cumsum(axis=1) / np.arange(1, relevant.shape[1] + 1))
    shortest = min(precision.shape[1] for precision in by_rank)
    every = np.concatenate([precision[:, :shortest] for precision in by_rank])
    return np.asarray(every.mean(axis=0))
