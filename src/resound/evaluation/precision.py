"""Precision over rank: how the share of relevant hits falls as the list goes on."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd


def precision_over_rank(rankings: Sequence[pd.DataFrame]) -> npt.NDArray[np.float64]:
    """Return the precision up to each rank, averaged over all queries of several rankings.

    Parameters
    ----------
    rankings : sequence of DataFrame
        As `resound.evaluation.ranking.RankingTask.table` returns them.

    Returns
    -------
    ndarray, shape (ranks,)
        Precision in [0, 1] at rank 1, 2, ...; as many ranks as the shortest list has.

    Examples
    --------
    >>> ranked = pd.DataFrame({"query": "a", "rank": [1, 2, 3, 4], "relevant": [True, False] * 2})
    >>> precision_over_rank([ranked]).round(2)
    array([1.  , 0.5 , 0.67, 0.5 ])
    """
    by_rank = []
    for ranked in rankings:
        hits = ranked.pivot_table("relevant", "query", "rank").dropna(axis="columns")
        relevant = hits.to_numpy(float)
        by_rank.append(relevant.cumsum(axis=1) / np.arange(1, relevant.shape[1] + 1))
    shortest = min(precision.shape[1] for precision in by_rank)
    every = np.concatenate([precision[:, :shortest] for precision in by_rank])
    return np.asarray(every.mean(axis=0))
