"""Clips and classes that are alike: files of the same bytes, and names that are read as one."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from resound.data.faults import raise_faults
from resound.errors import as_read

NEAR_NAME_POLICIES = ("keep", "error")
# What names people read, by the columns that hold them.
NAMED = {"category": "classes", "src_file": "recordings", "id": "clips"}


def copies(clips: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the clips of each file that is there more than once, by its bytes (`sha256`)."""
    for _, part in clips[clips["sha256"].duplicated(keep=False)].groupby("sha256", sort=False):
        yield part


def check_labels_of_copies(clips: pd.DataFrame) -> None:
    """Check that the same bytes stand under one class.

    Parameters
    ----------
    clips : DataFrame
        Clips with ``id, category, sha256``.

    Raises
    ------
    DataError
        Names the clips of the same bytes under two classes: no method can tell them apart.
    """
    faults = [
        ", ".join(
            f"{clip} is {name!r}" for clip, name in zip(part["id"], part["category"], strict=True)
        )
        for part in copies(clips)
        if len({*part["category"]}) > 1
    ]
    raise_faults("the same bytes under two classes", faults, "leave one of them out of the CSV")


def with_copies_as_one_recording(clips: pd.DataFrame) -> pd.DataFrame:
    """Return the clips, those of the same bytes with one `src_file`, and so all of theirs.

    Parameters
    ----------
    clips : DataFrame
        Clips with ``id, src_file, sha256``.

    Returns
    -------
    DataFrame
        The same rows; of recordings that share bytes each has the name of the first.

    Examples
    --------
    >>> clips = pd.DataFrame({"src_file": ["r1", "r1", "r2", "r3"], "sha256": list("abbc")})
    >>> with_copies_as_one_recording(clips)["src_file"].tolist()
    ['r1', 'r1', 'r1', 'r3']
    """
    keys = [pd.factorize(clips[name])[0] for name in ("src_file", "sha256")]
    places = np.arange(len(clips))
    # Each clip is joined to the first one of its recording and to the first one of its bytes.
    firsts = np.concatenate([np.unique(key, return_index=True)[1][key] for key in keys])
    edges = coo_array((np.ones(len(firsts)), (np.tile(places, 2), firsts)), (len(clips),) * 2)
    _, joined = connected_components(edges, directed=False)
    return clips.assign(src_file=clips["src_file"].groupby(joined).transform("first"))


def near_names(clips: pd.DataFrame) -> list[str]:
    """Say which classes, recordings and clips have names that a person reads as one.

    Parameters
    ----------
    clips : DataFrame
        Clips with ``id, category, src_file``.

    Returns
    -------
    list of str
        A line for each group of names. A recording that has the name of its clip is told once.
    """
    found = {column: read_as_one(clips[column]) for column in NAMED}
    return [
        f"{what} {' and '.join(map(repr, names))}"
        for column, what in NAMED.items()
        for names in found[column]
        if column != "id" or names not in found["src_file"]
    ]


def check_near_names(clips: pd.DataFrame) -> None:
    """Raise DataError when `near_names` finds any: they are taken for others, and split a class."""
    raise_faults(
        "names that are read as one",
        near_names(clips),
        "give each one spelling in the CSV; `on_near_names: keep` takes them for different ones",
    )


def read_as_one(names: Iterable[str]) -> list[Sequence[str]]:
    """Return the groups of names that a person reads as one.

    `resound.errors.as_read` says in what they differ.

    Parameters
    ----------
    names : iterable of str
        Of classes.

    Returns
    -------
    list of list of str
        Groups of two or more, sorted.

    Examples
    --------
    >>> read_as_one(["dog", "Dog ", "rain"])
    [['Dog ', 'dog']]
    """
    groups: dict[str, list[str]] = {}
    for name in sorted({*names}):
        groups.setdefault(as_read(name), []).append(name)
    return [group for group in groups.values() if len(group) > 1]
