"""Measuring a search: the clips that it finds in files which clips of a data set were laid into.

The index is made by `resound.searching.indexing` and asked by `resound.searching.asking` and
`refining`, as `resound index` and `resound search` do. A hit, a place, stands for the clip that it
overlaps most, the earlier one of two that it overlaps alike. A clip is found once, at its best
place: of two places that overlap one clip most, the second is left out of the list. So a list is
one of clips, as that of a ranking of the gallery.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resound import store
from resound.data.index import read_clips
from resound.data.long_files import read_places
from resound.data.splits import read_split
from resound.errors import AudioError
from resound.files import AnyPath
from resound.jobs.progress import track
from resound.searching.asking import Query, ask, read_query
from resound.searching.index import Index
from resound.searching.indexing import open_or_create, update
from resound.searching.methods import Choice, Method
from resound.searching.refining import refined
from resound.searching.windows import Grid

COLUMNS = (
    "query", "rank", "hit", "score", "relevant", "n_relevant", "file", "start", "end",
)  # fmt: skip


def index_sounds(
    spec: Mapping[str, Any],
    *,
    weights: Mapping[str, Any] | None,
    sounds: AnyPath,
    into: AnyPath,
    n_threads: int,
) -> None:
    """Make an index of a folder of sounds, as `resound index` does.

    Parameters
    ----------
    spec : mapping
        ``method`` and ``grid``: as `resound.experiment.searches.indexed` makes it.
    weights : mapping or None
        Where an encoder's weights are; None for a feature.
    sounds : path
        The folder.
    into : path
        The index; absent or an empty folder.
    n_threads : int
        Threads that compute vectors.

    Raises
    ------
    DataError
        When a sound cannot be read: those that are measured were written here.
    """
    choice = Choice(dict(spec["method"]), None if weights is None else dict(weights))
    index, method = open_or_create(sounds, into, choice, Grid(**spec["grid"]))
    report = update(index, method, n_threads=n_threads)
    if report.unread:
        first = report.unread[0]
        raise AudioError(f"{Path(sounds, first.path)}: {first.reason}; delete {sounds}, run again")


def search_sounds(
    spec: Mapping[str, Any],
    *,
    index: AnyPath,
    places: store.AnyPath,
    clips: store.AnyPath,
    split: store.AnyPath,
    data_root: store.AnyPath,
    output: store.AnyPath,
    n_threads: int,
) -> None:
    """Store the clips that each query of a split finds, the most similar first.

    A query that a search refuses, because it is silent, finds nothing and has no row.

    Parameters
    ----------
    spec : mapping
        ``top_k`` and ``refine``: as `resound.experiment.searches.found` makes it.
    index : path
        As `index_sounds` makes it.
    places : path
        Which clip lies where in its sounds.
    clips, split : path
        The clips of the data set, and which of them ask and which lie in the sounds.
    data_root : path
        The folder that their files lie below.
    output : path
        ``query, rank, hit, score, relevant, n_relevant``, as a ranking of the gallery has them,
        score being 1 - cos, and ``file, start, end``, where the hit was found.
    n_threads : int
        Threads that refine.
    """
    opened, laid = Index(index), read_places(places)
    method, about = opened.choice.load(), read_clips(clips).set_index("id")
    queries, gallery = read_split(split)
    category = about["category"]
    n_relevant = category[gallery].value_counts().reindex(category[queries], fill_value=0)
    depth = min(len(gallery), max(*spec["top_k"], int(n_relevant.max())))
    duration, rows = spec["index"]["laid"]["audio"]["duration"], []
    for number, query in enumerate(track(queries, "search", unit="query")):
        try:
            path = Path(data_root, about["file"][query])
            asked = read_query(path, method, opened.grid, stop=duration)
        except AudioError as error:
            print(f"{query} finds nothing: {error}")
            continue
        hits = find_clips(
            opened, asked, method, laid, k=depth, refine=spec["refine"], n_threads=n_threads
        )
        relevant = category[hits["hit"]].to_numpy() == category[query]
        told = {"query": query, "relevant": relevant, "n_relevant": n_relevant.iloc[number]}
        rows.append(hits.assign(**told))
    empty = pd.DataFrame(columns=list(COLUMNS))
    frame = pd.concat(rows, ignore_index=True) if rows else empty
    store.write_table(frame[list(COLUMNS)], output, spec=spec)


def find_clips(
    index: Index,
    query: Query,
    method: Method,
    laid: pd.DataFrame,
    *,
    k: int,
    refine: bool,
    n_threads: int = 1,
) -> pd.DataFrame:
    """Return the first `k` clips that a query finds, each at its best place.

    Parameters
    ----------
    index : Index
        Which is asked.
    query : Query
        As `resound.searching.asking.read_query` returns it.
    method : Method
        That of the index.
    laid : DataFrame
        As `resound.data.long_files.read_places` returns it.
    k : int
        Clips; fewer where fewer are found.
    refine : bool
        Whether the first hits are moved to their best places, as `resound search` does, or stay at
        the windows, as with ``--coarse``.
    n_threads : int
        Threads that refine.

    Returns
    -------
    DataFrame
        ``rank, hit, score, file, start, end``.
    """
    wanted = k
    while True:
        wanted *= 2
        hits = ask(index, query, k=wanted)
        whole = len(hits) < wanted
        if refine and len(hits):
            hits = refined(hits, query, method, index.grid, n_threads=n_threads)
        hits = hits.assign(hit=list(clips_at(hits, laid)))
        found = hits[hits["hit"] != ""].drop_duplicates("hit")
        if whole or len(found) >= k:
            break
    found = found.head(k).assign(score=2 * (1 - found["similarity"]))
    found = found.assign(
        rank=np.arange(1, len(found) + 1, dtype=np.int32),
        file=[Path(file).name for file in found["file"]],
    )
    return found[["rank", "hit", "score", "file", "start", "end"]].reset_index(drop=True)


def clips_at(hits: pd.DataFrame, laid: pd.DataFrame) -> Iterator[str]:
    """Yield for each place the clip that it overlaps most, the earlier one of equals.

    Parameters
    ----------
    hits : DataFrame
        ``file, start, end`` of places; `file` as a path.
    laid : DataFrame
        ``file, start, end, clip``; `file` as a name.

    Yields
    ------
    str
        The clip; empty where it overlaps none.

    Examples
    --------
    >>> laid = pd.DataFrame({"file": "0.flac", "start": [0.0, 5.0], "end": [5.0, 10.0]})
    >>> laid["clip"] = ["dog", "rain"]
    >>> hits = pd.DataFrame({"file": "x/0.flac", "start": [2.5, 3.1], "end": [7.5, 8.1]})
    >>> list(clips_at(hits, laid))
    ['dog', 'rain']
    """
    by_file: dict[str, pd.DataFrame] = {str(name): some for name, some in laid.groupby("file")}
    for file, start, end in hits[["file", "start", "end"]].itertuples(index=False, name=None):
        there = by_file[Path(file).name]
        shared = np.minimum(end, there["end"]) - np.maximum(start, there["start"])
        # Times are sums of fractions: two overlaps that differ by less than a sample are alike.
        most = int(np.argmax(shared.round(6)))
        yield str(there["clip"].iloc[most]) if shared.iloc[most] > 0 else ""
