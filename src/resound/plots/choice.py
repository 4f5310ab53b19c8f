"""Choice of the clips that a figure shows: those asked for, or the first of each group."""

import difflib
from collections.abc import Sequence

import pandas as pd

from resound.errors import ParameterError

MOST_CLIPS = 6


def one_of_each_group(clips: pd.DataFrame) -> list[str]:
    """Return the first clip of each of ESC-50's groups; of other data, of the first classes."""
    column = "group" if clips["group"].ne("").any() else "category"
    return list(clips.groupby(column, sort=False)["id"].first()[:MOST_CLIPS])


def two_recordings(clips: pd.DataFrame) -> list[str]:
    """Return the first clips of two recordings of the first class that has two.

    Where no class has two recordings they are the first two clips, or the only one twice.

    Examples
    --------
    >>> about = {"id": list("abc"), "target": 0, "src_file": ["r1", "r1", "r2"]}
    >>> two_recordings(pd.DataFrame(about))
    ['a', 'c']
    """
    for _, part in clips.sort_values(["target", "id"]).groupby("target"):
        first = part.drop_duplicates("src_file")["id"]
        if len(first) > 1:
            return list(first[:2])
    return [*clips["id"][:2], *clips["id"][:1]][:2]


def check_clips(key: str, asked: Sequence[str], clip_ids: Sequence[str]) -> list[str]:
    """Return ids that were asked for, or raise ParameterError for one that is not among all."""
    known = set(clip_ids)
    for clip in asked:
        if clip not in known:
            close = difflib.get_close_matches(clip, clip_ids, n=1)
            raise ParameterError(
                f"{key}={clip!r} is none of the {len(clip_ids)} clips; did you mean "
                f"{(close or clip_ids)[0]!r}? index/clips.csv lists them"
            )
    return list(asked)


def titles(clips: pd.DataFrame, chosen: Sequence[str], separator: str = "\n") -> list[str]:
    """Return the category of each chosen clip and its id."""
    category = clips.set_index("id")["category"]
    return [f"{category[clip]}{separator}{clip}" for clip in chosen]
