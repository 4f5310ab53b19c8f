"""Splits: which clips are queries, and which are the gallery that answers them."""

from collections.abc import Sequence

import pandas as pd

from resound.data.folds import NO_FOLDS, check_recordings, siblings_of_queries
from resound.errors import DataError
from resound.store import AnyPath, read_csv

QUERY, GALLERY = "query", "gallery"


def split_clips(
    clips: pd.DataFrame,
    query_folds: Sequence[int],
    on_split_recording: str = "error",
    within: bool = False,
) -> pd.DataFrame:
    """Divide clips into queries and gallery by their folds.

    Parameters
    ----------
    clips : DataFrame
        The index, with ``id, fold, src_file``.
    query_folds : sequence of int
        The folds of the queries; all others are the gallery. None: every clip is a query, and every
        clip is in the gallery.
    on_split_recording : {"error", "exclude", "keep"}
        What becomes of recordings in several folds: see `resound.data.folds`.
    within : bool
        The clips of the gallery ask one another, and those of the folds do not take part.

    Returns
    -------
    DataFrame
        ``id``, and booleans ``query`` and ``gallery``, in the order of `clips`.

    Raises
    ------
    DataError
        When a query fold has no clips, no fold is left for the gallery, or, with ``error``, a
        recording lies in several folds.

    Examples
    --------
    >>> clips = pd.DataFrame({"id": list("abc"), "fold": [5, 1, 2], "src_file": list("xyz")})
    >>> split_clips(clips, [5])
      id  query  gallery
    0  a   True    False
    1  b  False     True
    2  c  False     True
    """
    asks, answers = clips["id"] != "", clips["id"] != ""
    if query_folds:
        _check_folds(sorted(clips["fold"].unique()), query_folds)
        if on_split_recording == "error":
            check_recordings(clips)
        asks = clips["fold"].isin(query_folds)
        answers = ~asks
        if on_split_recording == "exclude":
            answers &= ~siblings_of_queries(clips, query_folds)
        if within:
            asks = answers
    return pd.DataFrame({"id": clips["id"], QUERY: asks, GALLERY: answers})


def read_split(path: AnyPath) -> tuple[list[str], list[str]]:
    """Return the ids of the queries and of the gallery, as `split_clips` divided them."""
    split = read_csv(path, dtypes={"id": "str", QUERY: "bool", GALLERY: "bool"})
    return list(split["id"][split[QUERY]]), list(split["id"][split[GALLERY]])


def _check_folds(there: Sequence[int], query_folds: Sequence[int]) -> None:
    asked = f"query_folds={list(query_folds)}"
    absent = sorted(set(query_folds) - set(there))
    if list(there) == [NO_FOLDS]:
        raise DataError(
            f"{asked}, but the CSV has no folds; "
            "set retrieval.protocol: leave_one_out, or give it a column fold"
        )
    if absent:
        raise DataError(
            f"{asked}: no clip lies in fold {', '.join(map(str, absent))}; the data set has the "
            f"folds {', '.join(map(str, there))}; see retrieval.query_folds"
        )
    if set(there) <= set(query_folds):
        raise DataError(
            f"{asked} are all folds of the data set, and none is left for the gallery; "
            "take one out of retrieval.query_folds"
        )
