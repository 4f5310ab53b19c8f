"""Notes on recordings under a table: which have clips in several folds, and what is done."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pandas as pd

from resound.data.folds import siblings_of_queries, split_recordings

NAMED = 10
BECAME = {
    "keep": "kept as the data set has them",
    "exclude": "whose clips in other folds are left out when one of their clips is tested",
}


def recording_notes(
    clips: pd.DataFrame, query_folds: Mapping[str, Sequence[int]], policy: str
) -> Iterator[str]:
    """Yield a line that names the recordings in several folds; none where there are none.

    Parameters
    ----------
    clips : DataFrame
        The index, with ``fold, src_file``.
    query_folds : mapping
        The folds that ask, by split.
    policy : {"keep", "exclude"}
        What becomes of such recordings: see `resound.data.folds`.
    """
    divided = split_recordings(clips)
    if not divided:
        return
    line = f"Recordings with clips in several folds, {BECAME[policy]}: {_named(divided)}"
    both = [
        recording
        for recording, part in divided.items()
        if any(siblings_of_queries(part, folds).any() for folds in query_folds.values())
    ]
    if policy == "keep" and both:
        line += f"; among both the queries and the gallery: {_named(both)}"
    yield f"{line}."


def _named(recordings: Iterable[str]) -> str:
    names = list(recordings)
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
