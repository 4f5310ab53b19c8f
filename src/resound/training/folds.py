"""Folds of a training: those whose clips train, choose the epoch, or are not seen at all."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.data.folds import siblings_of_queries
from resound.errors import TrainingError

Rows = npt.NDArray[np.intp]


def choosing_folds(folds: Iterable[int], query_folds: Sequence[int], selection: str) -> list[int]:
    """Return the folds whose clips choose, an epoch or a point of a grid.

    With ``validation`` it is the first fold after the test folds that is not one of them, and after
    the last fold the first: of five folds, 1 chooses for the test fold 5 and 2 for the test fold 1.
    In cross-validation each fold chooses once, so no one fold decides for all.

    Parameters
    ----------
    folds : iterable of int
        Of all clips.
    query_folds : sequence of int
        The test folds.
    selection : {"fixed", "validation", "test"}
        As in `training_rows`.

    Examples
    --------
    >>> choosing_folds([1, 2, 3, 4, 5], [5], "validation")
    [1]
    """
    others = sorted(set(folds) - set(query_folds))
    after = [fold for fold in others if fold > max(query_folds)]
    following = (after or others)[:1]
    return {"fixed": [], "validation": following, "test": list(query_folds)}[selection]


def rows_outside(
    clips: pd.DataFrame, query_folds: Sequence[int], on_split_recording: str = "error"
) -> Rows:
    """Return the rows of the clips outside some folds.

    Parameters
    ----------
    clips : DataFrame
        The index, with ``fold, src_file``.
    query_folds : sequence of int
        The folds.
    on_split_recording : {"error", "exclude", "keep"}
        With ``exclude`` those are left out whose recording has a clip inside.

    Returns
    -------
    ndarray of int, shape (rows,)
        Ascending.
    """
    outside = ~clips["fold"].isin(query_folds).to_numpy(bool)
    if on_split_recording == "exclude":
        outside &= ~siblings_of_queries(clips, query_folds)
    return np.flatnonzero(outside)


def training_rows(
    clips: pd.DataFrame,
    query_folds: Sequence[int],
    selection: str,
    on_split_recording: str = "error",
) -> tuple[Rows, Rows]:
    """Divide clips into those to train on and those that choose the epoch.

    Parameters
    ----------
    clips : DataFrame
        The index, with ``fold, category, src_file``.
    query_folds : sequence of int
        The test folds, never trained on.
    selection : {"fixed", "validation", "test"}
        ``fixed``: all other folds, nothing chooses. ``validation``: the fold after the test folds
        chooses (`choosing_folds`), and is not trained on until it has. ``test``: the test folds
        choose, as published practice does.
    on_split_recording : {"error", "exclude", "keep"}
        With ``exclude`` no clip is trained on whose recording has a clip in the folds that test or
        choose, and none chooses whose recording has one in the test folds.

    Returns
    -------
    training, validation : ndarray of int, shapes (n_training,) and (n_validation,)
        Rows of `clips`, ascending.

    Raises
    ------
    TrainingError
        When no fold is left, or what is left to train on has one class only.

    Examples
    --------
    >>> clips = pd.DataFrame({"fold": [1, 2, 2, 3], "category": ["dog", "dog", "rain", "dog"]})
    >>> training_rows(clips, [3], "validation")
    (array([1, 2]), array([0]))
    """
    fold = clips["fold"].to_numpy()
    chosen = choosing_folds(fold.tolist(), query_folds, selection)
    trained = sorted(set(fold.tolist()) - {*query_folds, *chosen})
    training = rows_outside(clips, [*query_folds, *chosen], on_split_recording)
    n_classes = clips["category"].iloc[training].nunique()
    if n_classes < 2:
        raise TrainingError(
            f"the folds {trained} to train on hold {n_classes} classes, and a classifier needs two "
            f"(test folds {list(query_folds)}, selection {selection}); check the CSV's folds"
        )
    choosing = np.flatnonzero(np.isin(fold, chosen))
    if selection == "test":
        return training, choosing
    return training, np.intersect1d(choosing, rows_outside(clips, query_folds, on_split_recording))
