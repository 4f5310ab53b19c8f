"""Hits: windows that were found, of which neighbours in one sound are one."""

import numpy as np
import pandas as pd

from resound.searching.windows import Grid


def merge(
    windows: pd.DataFrame, grid: Grid, *, k: int, per_file: int | None = None
) -> pd.DataFrame:
    """Return the first `k` windows of which no two of one sound overlap.

    They are taken in the order of the rows; one that overlaps with a window of its sound that was
    taken before belongs to that hit, whose place is that of its best window.

    Parameters
    ----------
    windows : DataFrame
        ``file, position`` and more, the most similar first.
    grid : Grid
        Of the windows.
    k : int
        Hits.
    per_file : int, optional
        Most hits of one sound.

    Returns
    -------
    DataFrame
        Rows of `windows`, in their order.

    Examples
    --------
    >>> windows = pd.DataFrame({"file": [0, 0, 1, 0], "position": [3, 4, 3, 5]})
    >>> merge(windows, Grid(5.0, 2.5), k=3).values.tolist()
    [[0, 3], [1, 3], [0, 5]]
    """
    taken: dict[int, list[int]] = {}
    rows = []
    apart = neighbours(grid)
    places = zip(windows["file"].tolist(), windows["position"].tolist(), strict=True)
    for row, (file, position) in enumerate(places):
        others = taken.setdefault(file, [])
        if per_file is not None and len(others) >= per_file:
            continue
        if all(abs(position - other) >= apart for other in others):
            others.append(position)
            rows.append(row)
            if len(rows) == k:
                break
    return windows.iloc[rows].reset_index(drop=True)


def neighbours(grid: Grid) -> int:
    """Return how many positions two windows must be apart so that they do not overlap.

    Examples
    --------
    >>> neighbours(Grid(5.0, 2.5)), neighbours(Grid(5.0, 2.0))
    (2, 3)
    """
    return int(np.ceil(grid.window / grid.hop - 1e-9))
