"""Clips of the page, named by their position in the index."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

Positions = npt.NDArray[np.int64]


class Clips:
    """The index as columns, and where its clips and classes stand.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``index/clips.csv``.

    Attributes
    ----------
    ids : list of str
        In the order of the index.
    classes : list of str
        The categories, group by group.
    groups : list of str
        In alphabetical order.
    has_classes : bool
        Whether any clip has one; clips without have the empty class.
    label, group : ndarray of int, shape (clips,)
        Positions in `classes` and in `groups`.

    Examples
    --------
    >>> about = {"id": ["a", "b"], "category": ["rain", "dog"], "group": ["water", "animals"]}
    >>> clips = Clips(pd.DataFrame(about))
    >>> clips.classes, clips.label, clips.positions(["b"])
    (['dog', 'rain'], array([1, 0]), array([1]))
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.ids = [str(name) for name in frame["id"]]
        self._place = {name: position for position, name in enumerate(self.ids)}
        group_of = dict(zip(frame["category"], frame["group"], strict=True))
        self.has_classes = any(group_of)
        self.classes = sorted(group_of, key=lambda category: (group_of[category], category))
        self.groups = sorted(set(group_of.values()))
        self._class_place = {name: position for position, name in enumerate(self.classes)}
        self.label = self.class_positions(frame["category"])
        self.group = np.array([self.groups.index(name) for name in frame["group"]], np.int64)

    @property
    def n_classes(self) -> int:
        """How many classes there are, the empty one not counted."""
        return len(self.classes) if self.has_classes else 0

    def positions(self, ids: Sequence[str] | pd.Series) -> Positions:
        """Return where clips stand in the index.

        Parameters
        ----------
        ids : sequence of str or Series
            Ids of n clips.

        Returns
        -------
        ndarray of int, shape (n,)

        Raises
        ------
        KeyError
            For a clip that the index does not list.
        """
        return np.array([self._place[str(name)] for name in ids], np.int64)

    def class_positions(self, categories: Sequence[str] | pd.Series) -> Positions:
        """Return where categories stand in `classes`, (n,) positions of n categories."""
        return np.array([self._class_place[name] for name in categories], np.int64)

    def count_pairs(self, true: Positions, taken: Positions) -> list[list[int]]:
        """Count how often each class was taken for each.

        Parameters
        ----------
        true, taken : ndarray of int, shape (n,)
            Positions in `classes`: of clips, and of what they were taken for.

        Returns
        -------
        list of [int, int, int]
            ``[true, taken, count]``, those without a count left out.
        """
        n_classes = len(self.classes)
        counts = np.bincount(true * n_classes + taken, minlength=n_classes**2)
        pairs = np.flatnonzero(counts)
        return [[int(p // n_classes), int(p % n_classes), int(counts[p])] for p in pairs]

    def as_data(self) -> dict[str, object]:
        """Return what the page needs to know of every clip."""
        return {
            "ids": self.ids,
            "fold": self.frame["fold"].tolist(),
            "label": self.label.tolist(),
            "classes": self.classes,
            "hasClasses": self.has_classes,
            "groups": self.groups,
            "groupOf": self.group.tolist(),
        }
