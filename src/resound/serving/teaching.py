"""Teaching: marks as a head, and the windows of an index in the order of their probabilities."""

import threading
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.searching import heads
from resound.searching.detecting import ranked, score
from resound.searching.heads import Head
from resound.searching.index import Index, Windows
from resound.searching.marks import RIGHT, Mark, Marks
from resound.searching.methods import Method
from resound.searching.places import Place, vectors_at
from resound.serving.asked import Asked

Float32 = npt.NDArray[np.float32]

# Above, windows are read from disk each time: two and a half times as slow, and no gigabytes.
MOST_HELD_BYTES = 2**30
SAME = 0.999  # cosine of two windows that are one


class Teacher:
    """What is learned of the marks of an index; safe to be used by several threads.

    Parameters
    ----------
    index : Index
        Of whose windows.
    method : Method
        That of the index.
    marks : Marks
        Kept with it.
    n_threads : int
        Threads that decode and make vectors of marked places.
    """

    def __init__(self, index: Index, method: Method, marks: Marks, *, n_threads: int) -> None:
        self._index, self._method, self._marks = index, method, marks
        self._threads = n_threads
        self._lock = threading.Lock()
        self._vectors: dict[Place, Float32 | None] = {}
        self._version = -1
        self._held: list[Windows] = []
        self._presumed = np.zeros((0, index.dimension), np.float32)

    def learn(self, name: str, asked: Asked | None, *, threshold: bool) -> tuple[Head, int]:
        """Return the head of the marks under a name, and how many marks cannot be read any more.

        The windows of the query count as right. Windows that are drawn at random are presumed to be
        wrong, but for those that are right.

        Parameters
        ----------
        name : str
            Of what is looked for.
        asked : Asked or None
            The query.
        threshold : bool
            Whether to choose the head's threshold too, which fits it five times more.
        """
        marks = self._marks.of(name)
        found = self.vectors([mark.place for mark in marks])
        right, wrong = self._sorted(marks, found)
        if asked is not None and asked.is_sound:
            right = np.concatenate([right, asked.query.vectors])
        _, presumed = self._windows()
        if len(right) and len(presumed):
            presumed = presumed[(presumed @ right.T).max(axis=1) < SAME]
        head = heads.fit(right, wrong, presumed, choose_threshold=threshold)
        return head, sum(vector is None for vector in found)

    def rank(self, head: Head, k: int) -> pd.DataFrame:
        """Return the likeliest places, as `resound.searching.detecting.ranked` returns them."""
        blocks, _ = self._windows()
        return ranked(self._index, score(head, blocks), k)

    def vectors(self, places: list[Place]) -> list[Float32 | None]:
        """Return the vectors, each (dimension,), of places; made once, None if one cannot be read.

        Called when a place is marked, so that it need not be read when it is learned from.
        """
        missing = [place for place in places if place not in self._vectors]
        made = vectors_at(self._index, self._method, missing, n_threads=self._threads)
        # What another thread has made meanwhile is the same.
        self._vectors.update(zip(missing, made, strict=True))
        return [self._vectors[place] for place in places]

    def prepare(self) -> None:
        """Read the windows now, so that the first order comes as fast as the others."""
        heads.prepare()
        self._windows()

    def _sorted(self, marks: list[Mark], found: list[Float32 | None]) -> tuple[Float32, Float32]:
        sides: tuple[list[Float32], list[Float32]] = ([], [])
        for mark, vector in zip(marks, found, strict=True):
            if vector is not None:
                sides[mark.mark != RIGHT].append(vector)
        empty = np.zeros((0, self._index.dimension), np.float32)
        right, wrong = (np.stack(side) if side else empty for side in sides)
        return right, wrong

    def _windows(self) -> tuple[Iterable[Windows], Float32]:
        """Return all windows, held where they are few, and some that are presumed to be wrong."""
        with self._lock:
            version = self._index.version()
            if version != self._version:
                size = 4 * self._index.count() * self._index.dimension
                self._held = [*self._index.windows()] if size <= MOST_HELD_BYTES else []
                drawn = self._index.drawn(heads.PRESUMED)
                self._presumed = drawn[drawn.any(axis=1)]
                self._version = version
            return self._held or self._index.windows(), self._presumed
