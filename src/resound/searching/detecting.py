"""Detecting: a head over all windows of an index, as the places that are likeliest to be right."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.errors import ParameterError, check_positive_int
from resound.searching.heads import Head
from resound.searching.hits import merge, neighbours
from resound.searching.index import DOOMED, Index, Windows
from resound.searching.places import placed

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

MORE = 4


class Scored(NamedTuple):
    """All windows of an index with what a head makes of them.

    Attributes
    ----------
    files, positions : ndarray of int64, shape (n,)
        The number of the sound of each, and its place on the grid.
    probabilities : ndarray of float64, shape (n,)
        That it is right.
    """

    files: Int64
    positions: Int64
    probabilities: Float64


def score(head: Head, blocks: Iterable[Windows]) -> Scored:
    """Return what a head makes of windows that come in blocks, as `Index.windows` yields them."""
    parts = [
        Scored(block.files, block.positions, head.probabilities(block.vectors)) for block in blocks
    ]
    if not parts:
        return Scored(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    return Scored(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def ranked(index: Index, scored: Scored, k: int) -> pd.DataFrame:
    """Return the `k` likeliest windows of which no two of one sound overlap.

    Parameters
    ----------
    index : Index
        Which holds the windows.
    scored : Scored
        As `score` returns it.
    k : int
        Hits; fewer where there are fewer.

    Returns
    -------
    DataFrame
        ``rank, file, start, end, probability, number``, the likeliest first, equal ones by the
        number of the sound and the time, as `resound.searching.places.placed` returns them.
    """
    check_positive_int("k", k, "hits")
    wanted = k * (2 * neighbours(index.grid) - 1)
    while True:
        found = _windows(index, scored, _likeliest(scored.probabilities, wanted))
        found = found.sort_values(
            ["probability", "file", "position"], ascending=[False, True, True], ignore_index=True
        )
        hits = merge(found, index.grid, k=k)
        if len(hits) == k or wanted >= len(scored.files):
            return _placed(index, hits)
        wanted *= MORE


def detect(index: Index, head: Head, *, threshold: float | None = None) -> pd.DataFrame:
    """Return the places at which windows reach a probability.

    Windows of one sound that overlap or meet are one place, from the beginning of the first to the
    end of the last, and its probability is the largest of theirs.

    Parameters
    ----------
    index : Index
        Which is looked through, every window.
    head : Head
        What is looked for.
    threshold : float, optional
        The least probability; by default the head's own.

    Returns
    -------
    DataFrame
        ``rank, file, start, end, probability, number``, the likeliest first, equal ones by the
        number of the sound and the time.

    Raises
    ------
    ParameterError
        When the threshold is no probability.
    """
    least = head.threshold if threshold is None else threshold
    if not 0 <= least <= 1:
        raise ParameterError(f"threshold={threshold!r} must be a probability, from 0 to 1")
    scored = score(head, index.windows())
    rows = np.flatnonzero((scored.probabilities >= least) & (scored.probabilities > 0))
    found = _windows(index, scored, rows).sort_values(["file", "position"], ignore_index=True)
    apart = found["position"].diff() * index.grid.hop > index.grid.window + 1e-9
    run = (apart | (found["file"].diff() != 0)).cumsum()
    places = found.groupby(run).agg(
        file=("file", "first"),
        position=("position", "first"),
        last=("position", "last"),
        probability=("probability", "max"),
    )
    order = ["probability", "file", "position"]
    return _placed(index, places.sort_values(order, ascending=[False, True, True]))


def _likeliest(probabilities: Float64, wanted: int) -> Int64:
    """Return the rows of the largest, of at least so many: all that equal the last of them."""
    if wanted >= len(probabilities):
        return np.arange(len(probabilities))
    least = np.partition(probabilities, -wanted)[-wanted]
    return np.flatnonzero(probabilities >= least)


def _windows(index: Index, scored: Scored, rows: Int64) -> pd.DataFrame:
    """Return some windows, but those of sounds that are to go, or have no row yet."""
    found = pd.DataFrame(
        {
            "file": scored.files[rows],
            "position": scored.positions[rows],
            "probability": scored.probabilities[rows],
        }
    )
    sounds = index.named(found["file"].tolist())
    here = sounds.index[sounds["windows"] > DOOMED]
    return found[found["file"].isin(here) & (found["probability"] > 0)]


def _placed(index: Index, hits: pd.DataFrame) -> pd.DataFrame:
    return placed(index, hits, index.named(hits["file"].tolist()))
