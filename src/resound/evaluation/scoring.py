"""From ranked hits to the metrics of every query."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from resound import retrieval, store
from resound.metrics import ranking

ABOUT_QUERY = ("query", "category", "src_file")
TIES = "ties"


def score_queries(
    ranked: pd.DataFrame, clips: pd.DataFrame, *, top_k: Sequence[int]
) -> pd.DataFrame:
    """Score every query of a ranking.

    Returns
    -------
    DataFrame
        ``query, category, src_file``, a column a metric (``mrr@10``, ...), and ``ties``: the
        share of the deepest `top_k` hits whose distance equals a neighbour's in the ranking.
    """
    queries, row = np.unique(ranked["query"].to_numpy(str), return_inverse=True)
    column = ranked["rank"].to_numpy() - 1
    shape = (len(queries), column.max() + 1)
    relevant, scores = np.zeros(shape, bool), np.full(shape, np.inf)
    n_relevant = np.zeros(len(queries), int)
    relevant[row, column] = ranked["relevant"]
    scores[row, column] = ranked["score"]
    n_relevant[row] = ranked["n_relevant"]
    about = clips.set_index("id").loc[queries]
    return pd.DataFrame(
        {
            "query": queries,
            "category": about["category"].to_numpy(),
            "src_file": about["src_file"].to_numpy(),
            **ranking.score(relevant, n_relevant, top_k),
            TIES: retrieval.tie_share(scores[:, : max(top_k)]),
        }
    )


def read_scores(path: Path) -> pd.DataFrame:
    """Read the scores of a run as `score_queries` returned them."""
    return store.read_csv(path, dtypes=dict.fromkeys(ABOUT_QUERY, "str"))
