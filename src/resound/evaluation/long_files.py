"""Scores of searches in files, and what is lost when the clips stand in long ones."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound import store
from resound.data.index import read_clips
from resound.data.splits import read_split
from resound.evaluation.scoring import TIES, metrics_of, score_queries
from resound.evaluation.summary import summarise
from resound.metrics.intervals import mean_interval
from resound.metrics.sign_flip import sign_flip

Float64 = npt.NDArray[np.float64]


def score_search(
    spec: Mapping[str, Any],
    *,
    hits: store.AnyPath,
    clips: store.AnyPath,
    split: store.AnyPath,
    output: store.AnyPath,
) -> None:
    """Store the metrics of every query of a search.

    Parameters
    ----------
    spec : mapping
        What the hits are of, with ``top_k``.
    hits : path
        As `resound.searching.measuring.search_sounds` stores them.
    clips, split : path
        The index of the data set, and which of its clips ask.
    output : path
        A row a query.
    """
    found, queries = store.read_table(hits, spec=spec), read_split(split)[0]
    store.write_csv(score_all(found, read_clips(clips), queries, top_k=spec["top_k"]), output)


def score_all(
    found: pd.DataFrame, clips: pd.DataFrame, queries: Sequence[str], *, top_k: Sequence[int]
) -> pd.DataFrame:
    """Score every query of a search; one that found nothing has 0 in every metric.

    Parameters
    ----------
    found : DataFrame
        ``query, rank, hit, score, relevant, n_relevant``.
    clips : DataFrame
        The index of the data set, with ``id, category, src_file``.
    queries : sequence of str
        All that asked.
    top_k : sequence of int
        Cut-offs of the metrics.

    Returns
    -------
    DataFrame
        As `resound.evaluation.scoring.score_queries` returns it, in the order of `queries`.

    Examples
    --------
    >>> clips = pd.DataFrame({"id": list("abc"), "category": "dog", "src_file": list("xyz")})
    >>> found = pd.DataFrame({"query": ["a"], "rank": [1], "hit": ["c"], "score": [0.5]})
    >>> found = found.assign(relevant=True, n_relevant=1)
    >>> score_all(found, clips, ["a", "b"], top_k=[1])[["query", "mrr@1"]].values.tolist()
    [['a', 1.0], ['b', 0.0]]
    """
    scored = score_queries(found, clips, top_k=top_k).set_index("query")
    every = scored.drop(columns=["category", "src_file"]).reindex([*queries], fill_value=0.0)
    about = clips.set_index("id")[["category", "src_file"]].reindex([*queries])
    return pd.concat([about, every], axis=1).rename_axis("query").reset_index()


def loss_rows(
    long: Mapping[tuple[str, ...], pd.DataFrame],
    single: Mapping[tuple[str, ...], pd.DataFrame],
    *,
    headline: str,
    level: float,
    samples: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Return for each method what it scores in long files, in single clips, and the difference.

    Parameters
    ----------
    long, single : mapping
        The scores of the same queries by what names a row.
    headline : str
        The metric whose difference is tested.
    level : float
        Coverage of the intervals.
    samples, seed : int
        Sign patterns of the paired tests, and what decides them.

    Returns
    -------
    list of dict
        ``n_queries``, ``mrr@10, mrr@10_low, mrr@10_high, ...`` in long files, the same with
        ``single_`` before it, ``lost_mrr@10`` with its paired interval, the mean over queries of
        single minus long; ``p_value`` of the headline's by
        `resound.metrics.sign_flip.sign_flip`, and ``p_adjusted`` for all rows.
    """
    rows: list[dict[str, Any]] = []
    by_recording = []
    for name, scores in long.items():
        a, b = (by_query(frame) for frame in (scores, single[name]))
        metrics = metrics_of(a)
        kept = {n: v for n, v in summarise(b, level=level).items() if n != TIES}
        rows.append(
            {
                "n_queries": len(a),
                **summarise(a, level=level),
                **{f"single_{metric}": value for metric, value in kept.items()},
                **_lost(a, b, metrics, level),
            }
        )
        by_recording.append((b[headline] - a[headline]).groupby(a["src_file"]).sum())
    if not rows:
        return []
    sums = pd.concat(by_recording, axis=1).fillna(0.0).to_numpy()
    p = sign_flip(sums, samples=samples, rng=np.random.default_rng(seed))
    return [
        {**row, "p_value": float(alone), "p_adjusted": float(adjusted)}
        for row, alone, adjusted in zip(rows, *p, strict=True)
    ]


def by_query(scores: pd.DataFrame) -> pd.DataFrame:
    """Return scores in the order of their queries."""
    return scores.sort_values("query", ignore_index=True)


def _lost(
    a: pd.DataFrame, b: pd.DataFrame, metrics: Iterable[str], level: float
) -> dict[str, float]:
    names = list(metrics)
    differences: Float64 = b[names].to_numpy(float) - a[names].to_numpy(float)
    low, high = mean_interval(
        differences,
        a["category"].to_numpy(str),
        a["src_file"].to_numpy(str),
        level=level,
        shares=False,
    )
    found: dict[str, float] = {}
    for name, mean, *ends in zip(names, differences.mean(axis=0), low, high, strict=True):
        ends = [float(end) for end in ends]
        found |= {f"lost_{name}": float(mean)}
        found |= {f"lost_{name}_low": ends[0], f"lost_{name}_high": ends[1]}
    return found
