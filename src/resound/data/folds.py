"""Folds of a data set: checks that no recording lies in two, and that classes are balanced.

What is done about recordings whose clips lie in several folds has three names, those of the key
``on_split_recording``:

======= ======================================================================================
error   they are a fault of the data set
exclude when a clip of such a recording is tested, its clips in other folds are not used
keep    they stay as they are, and are listed in the audit
======= ======================================================================================

The released folds of ESC-50 split some recordings; they are kept, as the literature keeps them.
"""

from collections.abc import Container, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.data.faults import raise_faults

NO_FOLDS = 0
SPLIT_RECORDING_POLICIES = ("error", "exclude", "keep")


def split_recordings(clips: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the clips of each recording (`src_file`) that lie in several folds."""
    n_folds = clips.groupby("src_file")["fold"].transform("nunique")
    return {str(name): part for name, part in clips[n_folds > 1].groupby("src_file")}


def check_recordings(clips: pd.DataFrame, released: Container[str] = ()) -> None:
    """Check that the clips of each recording (`src_file`) lie in one fold.

    Otherwise a query would find a piece of its own recording in the gallery.

    Parameters
    ----------
    clips : DataFrame
        Clips with ``id, fold, src_file``.
    released : container of str
        Recordings that the data set itself splits, which is no fault.

    Raises
    ------
    DataError
        Names every other recording in several folds, with its clips.
    """
    faults = [
        f"recording {recording}: {_whereabouts(part)}"
        for recording, part in split_recordings(clips).items()
        if recording not in released
    ]
    raise_faults(
        "recordings in several folds",
        faults,
        "give all clips of a recording one fold; for `dataset: folder`, `on_split_recording: "
        "exclude` leaves such clips out where their recording asks, and `keep` lets them be",
    )


def siblings_of_queries(clips: pd.DataFrame, query_folds: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Return which clips lie outside the query folds while their recording lies inside too.

    Parameters
    ----------
    clips : DataFrame
        The index of N clips, with ``fold, src_file``.
    query_folds : sequence of int
        The folds whose clips are queries.

    Returns
    -------
    ndarray of bool, shape (N,)
        In the order of `clips`.

    Examples
    --------
    >>> clips = pd.DataFrame({"id": list("abc"), "fold": [5, 1, 1], "src_file": ["r1", "r1", "r2"]})
    >>> siblings_of_queries(clips, [5])
    array([False,  True, False])
    """
    asks = clips["fold"].isin(query_folds)
    siblings = clips["src_file"].isin(clips["src_file"][asks]) & ~asks
    return siblings.to_numpy(bool)


def describe_split_recordings(clips: pd.DataFrame) -> dict[str, str]:
    """Say of each clip of a recording in several folds, by id, where its recording lies."""
    return {
        clip: f"recording {recording}: {_whereabouts(part)}"
        for recording, part in split_recordings(clips).items()
        for clip in part["id"]
    }


def imbalances(clips: pd.DataFrame) -> list[str]:
    """Say which classes do not have as many clips in each fold; empty when all are balanced."""
    counts = pd.crosstab(clips["category"], clips["fold"])
    uneven = counts[counts.min(axis=1) < counts.max(axis=1)]
    return [
        f"{name}: " + ", ".join(f"{n} clips in fold {fold}" for fold, n in row.items())
        for name, row in uneven.iterrows()
    ]


def _whereabouts(part: pd.DataFrame) -> str:
    pairs = zip(part["id"], part["fold"], strict=True)
    return ", ".join(f"{clip} in fold {fold}" for clip, fold in pairs)
