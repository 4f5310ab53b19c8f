"""Folds that mean something: no recording on two sides, and every class in every fold alike."""

import pandas as pd

from resound.data.faults import raise_faults

NO_FOLDS = 0


def check_recordings(clips: pd.DataFrame) -> None:
    """Check that the clips of each recording (`src_file`) lie in one fold.

    Otherwise a query would find a piece of its own recording in the gallery.

    Raises
    ------
    DataError
        Names every recording in several folds, with its clips.
    """
    n_folds = clips.groupby("src_file")["fold"].transform("nunique")
    faults = [
        f"recording {recording}: "
        + ", ".join(
            f"{clip} in fold {fold}" for clip, fold in zip(part["id"], part["fold"], strict=True)
        )
        for recording, part in clips[n_folds > 1].groupby("src_file")
    ]
    raise_faults("recordings in several folds", faults, "give all clips of a recording one fold")


def imbalances(clips: pd.DataFrame) -> list[str]:
    """Say which classes do not have as many clips in each fold; empty when all are balanced."""
    counts = pd.crosstab(clips["category"], clips["fold"])
    uneven = counts[counts.min(axis=1) < counts.max(axis=1)]
    return [
        f"{name}: " + ", ".join(f"{n} clips in fold {fold}" for fold, n in row.items())
        for name, row in uneven.iterrows()
    ]
