"""Which clips a training may see."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.data.folds import siblings_of_queries
from resound.errors import TrainingError

Rows = npt.NDArray[np.intp]


def rows_outside(
    clips: pd.DataFrame, folds: Sequence[int], on_split_recording: str = "error"
) -> Rows:
    """Return the rows of the clips outside some folds.

    With ``exclude`` those are left out whose recording has a clip inside.
    """
    outside = ~clips["fold"].isin(folds).to_numpy(bool)
    if on_split_recording == "exclude":
        outside &= ~siblings_of_queries(clips, folds)
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
        ``fixed``: all other folds, nothing chooses. ``validation``: the last of the other folds
        chooses and is not trained on. ``test``: the test folds choose, as published practice does.
    on_split_recording : {"error", "exclude", "keep"}
        With ``exclude`` no clip is trained on whose recording has a clip in the folds that test or
        choose.

    Returns
    -------
    training, validation : ndarray of int
        Rows of `clips`.

    Raises
    ------
    TrainingError
        When no fold is left, or what is left to train on has one class only.
    """
    fold = clips["fold"].to_numpy()
    others = sorted(set(fold.tolist()) - set(query_folds))
    chosen = {"fixed": [], "validation": others[-1:], "test": list(query_folds)}[selection]
    trained = [f for f in others if f not in chosen]
    training = rows_outside(clips, [*query_folds, *chosen], on_split_recording)
    n_classes = clips["category"].iloc[training].nunique()
    if n_classes < 2:
        raise TrainingError(
            f"the folds {trained} to train on hold {n_classes} classes, and a classifier needs two "
            f"(test folds {list(query_folds)}, selection {selection}); check the CSV's folds"
        )
    return training, np.flatnonzero(np.isin(fold, chosen))
