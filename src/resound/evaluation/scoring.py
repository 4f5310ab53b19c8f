"""Query scores: from ranked hits to the retrieval metrics of every query."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound import store
from resound.evaluation.ranking import Lists, RankingTask
from resound.metrics import ranking
from resound.retrieval import ranking as retrieval

ABOUT_QUERY = ("query", "category", "src_file")
TIES = "ties"
ORDER = "order"


def score_queries(
    ranked: pd.DataFrame, clips: pd.DataFrame, *, top_k: Sequence[int]
) -> pd.DataFrame:
    """Score every query of a ranking.

    Parameters
    ----------
    ranked : DataFrame
        As `resound.evaluation.ranking.RankingTask.table` returns it.
    clips : DataFrame
        The index, with ``id, category, src_file``.
    top_k : sequence of int
        Cut-offs of the metrics.

    Returns
    -------
    DataFrame
        ``query, category, src_file``, a column a metric (``mrr@10``, ...), and ``ties``: the
        share of the deepest `top_k` hits whose distance equals a neighbour's in the ranking.

    Examples
    --------
    >>> clips = pd.DataFrame({"id": list("abc"), "category": ["dog", "rain", "dog"]})
    >>> clips["src_file"] = clips["id"]
    >>> task = RankingTask(clips[:1], clips[1:], top_k=[2])
    >>> ranked = task.table(task.rank([[0.1, 0.5]]))
    >>> score_queries(ranked, clips, top_k=[2])[["query", "mrr@2", "proportion@2"]]
      query  mrr@2  proportion@2
    0     a    0.5           0.5
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


def score_orders(
    task: RankingTask,
    rank: Callable[[RankingTask], Lists],
    clips: pd.DataFrame,
    *,
    orders: int,
    seed: int,
) -> pd.DataFrame:
    """Score every query under random orders of equally near clips.

    An order is one of the whole gallery and serves all queries, so that queries which are at the
    same distances from all clips have the same hits: a sort is to them what it is to each other.

    Parameters
    ----------
    task : RankingTask
        What is ranked.
    rank : callable
        Returns the hits of a task, those equally near by its `tie_order`.
    clips : DataFrame
        The index.
    orders, seed : int
        How many orders there are, and what decides them: the first ones are the same for any
        number of them.

    Returns
    -------
    DataFrame
        Rows as `score_queries` returns them for each order, with its number as ``order``.
    """
    drawn = [
        np.random.default_rng([seed, order]).permutation(len(task.gallery))
        for order in range(orders)
    ]

    def scored(places: npt.NDArray[np.intp]) -> pd.DataFrame:
        ordered = replace(task, tie_order=places)
        return score_queries(ordered.table(rank(ordered)), clips, top_k=task.top_k)

    one, reversed_one = (rank(replace(task, tie_order=sign * drawn[0]))[0] for sign in (1, -1))
    if np.array_equal(one, reversed_one):  # no hit is tied with another clip: all orders are one
        every = [scored(drawn[0])] * orders
    else:
        every = [scored(places) for places in drawn]
    numbered = [scores.assign(**{ORDER: n}) for n, scores in enumerate(every)]
    return pd.concat(numbered, ignore_index=True)


def read_orders(path: store.AnyPath) -> pd.DataFrame:
    """Read the scores of a run: of each query, or of each query and order of ties."""
    return store.read_csv(path, dtypes=dict.fromkeys(ABOUT_QUERY, "str"))


def read_scores(path: store.AnyPath) -> pd.DataFrame:
    """Read the scores of a run as `score_queries` returned them, or their mean over orders."""
    return over_orders(read_orders(path))


def metrics_of(scores: pd.DataFrame) -> list[str]:
    """Return the names of the metrics among the columns of scores.

    Examples
    --------
    >>> metrics_of(pd.DataFrame(columns=["query", "category", "src_file", "mrr@10", "ties"]))
    ['mrr@10']
    """
    return [str(name) for name in scores.columns if name not in (*ABOUT_QUERY, TIES, ORDER)]


def over_orders(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over orders of ties of each query's scores; as they are without orders."""
    if ORDER not in scores:
        return scores
    grouped = scores.drop(columns=ORDER).groupby(list(ABOUT_QUERY), as_index=False, sort=False)
    return grouped.mean()
