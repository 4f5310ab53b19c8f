"""Scores of searches in files, and what is lost when the clips stand in long ones."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound import store
from resound.data.index import read_clips
from resound.data.splits import read_split
from resound.evaluation.scoring import ABOUT_QUERY, TIES, score_queries
from resound.evaluation.summary import summarise
from resound.metrics.bootstrap import bootstrap_interval, holm, paired_sign_flip

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
    bootstrap: Mapping[str, Any],
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
    bootstrap : mapping
        ``samples, level, seed`` of the intervals.
    samples, seed : int
        Sign patterns of the paired test, and what decides them.

    Returns
    -------
    list of dict
        ``n_queries``, ``mrr@10, mrr@10_low, mrr@10_high, ...`` in long files, the same with
        ``single_`` before it, ``lost_mrr@10`` with its paired interval, the mean over queries of
        single minus long; ``p_value`` of the headline's by `paired_sign_flip`, and ``p_holm``.
    """
    rows = []
    for name, scores in long.items():
        a, b = (by_query(frame) for frame in (scores, single[name]))
        metrics = [str(column) for column in a.columns.drop([*ABOUT_QUERY, TIES])]
        kept = {n: v for n, v in summarise(b, **bootstrap).items() if n != TIES}
        rows.append(
            {
                "n_queries": len(a),
                **summarise(a, **bootstrap),
                **{f"single_{metric}": value for metric, value in kept.items()},
                **_lost(a, b, metrics, bootstrap),
                "p_value": _p_value(a, b, headline, samples, seed),
            }
        )
    adjusted = holm([row["p_value"] for row in rows])
    return [{**row, "p_holm": float(p)} for row, p in zip(rows, adjusted, strict=True)]


def by_query(scores: pd.DataFrame) -> pd.DataFrame:
    """Return scores in the order of their queries."""
    return scores.sort_values("query", ignore_index=True)


def _lost(
    a: pd.DataFrame, b: pd.DataFrame, metrics: Iterable[str], bootstrap: Mapping[str, Any]
) -> dict[str, float]:
    names = list(metrics)
    differences: Float64 = b[names].to_numpy(float) - a[names].to_numpy(float)
    low, high = bootstrap_interval(
        differences,
        a["category"].to_numpy(str),
        a["src_file"].to_numpy(str),
        samples=bootstrap["samples"],
        level=bootstrap["level"],
        rng=np.random.default_rng(bootstrap["seed"]),
    )
    found: dict[str, float] = {}
    for name, mean, *ends in zip(names, differences.mean(axis=0), low, high, strict=True):
        ends = [float(end) for end in ends]
        found |= {f"lost_{name}": float(mean)}
        found |= {f"lost_{name}_low": ends[0], f"lost_{name}_high": ends[1]}
    return found


def _p_value(a: pd.DataFrame, b: pd.DataFrame, metric: str, samples: int, seed: int) -> float:
    recordings, rng = a["src_file"].to_numpy(str), np.random.default_rng(seed)
    first, second = (frame[metric].to_numpy(float) for frame in (b, a))
    return float(paired_sign_flip(first, second, recordings, samples=samples, rng=rng))
