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

from collections.abc import Container, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.data.recordings import Place, check_one_fold_each, whereabouts
from resound.errors import DataError

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
    check_one_fold_each(_places(clips), released)


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
        clip: f"recording {recording}: {whereabouts(_places(part))}"
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


def made_folds(clips: pd.DataFrame, n_folds: int) -> npt.NDArray[np.int64]:
    """Return folds of clips that have none, made so that no recording lies in two.

    Recordings are dealt one by one, those of the first class first and of each class the longest
    first: each to the fold with the fewest clips of its class, of several to the one with the
    fewest clips at all, of several to the first. So each fold has its share of every class, and
    nothing is drawn. scikit-learn's ``StratifiedGroupKFold`` refuses data no class of which has
    as many clips as there are folds, and may leave a fold empty.

    Parameters
    ----------
    clips : DataFrame
        The index of N clips, with ``category, src_file``.
    n_folds : int
        How many folds are made.

    Returns
    -------
    ndarray of int, shape (N,)
        1 to `n_folds`, in the order of `clips`; none of these is left out.

    Raises
    ------
    DataError
        When there are fewer recordings than folds.

    Examples
    --------
    >>> clips = pd.DataFrame({"category": list("aabb"), "src_file": ["r1", "r1", "r2", "r3"]})
    >>> made_folds(clips, 2)
    array([1, 1, 2, 1])
    """
    counts = pd.crosstab(clips["src_file"], clips["category"])
    if len(counts) < n_folds:
        raise DataError(
            f"make_folds: {n_folds} are more folds than there are recordings, {len(counts)}; set "
            "fewer, or null, by which every clip asks all others"
        )
    table = counts.to_numpy()
    main = table.argmax(axis=1)
    dealt = np.zeros((n_folds, table.shape[1]), np.int64)
    fold_of = np.zeros(len(counts), np.int64)
    for recording in np.lexsort((np.arange(len(counts)), -table.sum(axis=1), main)):
        of_class = dealt[:, main[recording]]
        fold = np.lexsort((dealt.sum(axis=1), of_class))[0]
        dealt[fold] += table[recording]
        fold_of[recording] = fold + 1
    return fold_of[counts.index.get_indexer(pd.Index(clips["src_file"]))]


def _places(clips: pd.DataFrame) -> Iterator[Place]:
    """Yield of each clip its id, its recording and its fold."""
    yield from zip(clips["id"], clips["src_file"], clips["fold"], strict=True)
