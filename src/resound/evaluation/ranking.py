"""From distances to the ranked hits of every query."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound import retrieval


def rank_clips(
    distances: npt.NDArray[np.floating[Any]],
    queries: pd.DataFrame,
    gallery: pd.DataFrame,
    *,
    top_k: Sequence[int],
    exclude_same_recording: bool | None = None,
) -> pd.DataFrame:
    """Rank the gallery for every query: the nearest first, equal distances by clip id.

    Parameters
    ----------
    distances : (Q, N) array
        Between the clips of `queries` and of `gallery`.
    queries, gallery : DataFrame
        Rows of the index, with ``id, category, src_file``.
    top_k : sequence of int
        The ranks that will be asked for. The ranking goes as deep as the largest of them, and
        at least as deep as a query has relevant clips, which R-precision needs.
    exclude_same_recording : bool, optional
        None: queries and gallery are different clips, and a recording on both sides is a
        DataError. Otherwise they are the same clips, a query is no hit of itself, and with True
        nor is any clip of its recording.

    Returns
    -------
    DataFrame
        ``query, rank, hit, score, relevant, n_relevant``: rank from 1, score the distance.
    """
    recordings = queries["src_file"].to_numpy(str), gallery["src_file"].to_numpy(str)
    relevant = retrieval.relevance(
        queries["category"].to_numpy(str), gallery["category"].to_numpy(str)
    )
    ids = gallery["id"].to_numpy(str)
    excluded = None
    if exclude_same_recording is None:
        retrieval.check_no_leak(*recordings)
    else:
        excluded = retrieval.exclusion_mask(
            queries["id"].to_numpy(str), ids, *recordings, same_recording=exclude_same_recording
        )
        relevant &= ~excluded
    n_relevant = relevant.sum(axis=1)
    depth = min(len(ids), max(*top_k, n_relevant.max()))
    positions, scores = retrieval.rank(distances, ids, k=depth, excluded=excluded)
    row, column = np.nonzero(positions >= 0)
    hits = positions[row, column]
    return pd.DataFrame(
        {
            "query": queries["id"].to_numpy(str)[row],
            "rank": (column + 1).astype(np.int32),
            "hit": ids[hits],
            "score": scores[row, column],
            "relevant": relevant[row, hits],
            "n_relevant": n_relevant[row].astype(np.int32),
        }
    )
