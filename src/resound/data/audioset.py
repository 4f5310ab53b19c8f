"""AudioSet's classes in the order of its list, and the category of ESC-50 that each stands for.

``data/audioset.csv`` holds both: `index`, `name`, and `category`, empty for a class that stands for
none. The names are those of the 527 classes of J. Gemmeke et al., "Audio Set: an ontology and
human-labeled dataset for audio events", ICASSP 2017, whose labels are published under CC BY 4.0;
the categories are those of K. Piczak, "ESC: dataset for environmental sound classification", ACM
Multimedia 2015.

The map between them is ours. It was written by the meaning of the names, before any score was
looked at, and is not to be changed for one. A class stands for the category that it names, or whose
sound it is a kind of: a bark for ``dog``. One that holds several categories, such as *Animal*,
*Bird*, *Aircraft* or *Alarm*, stands for none. Four categories are not among AudioSet's
classes and have what is nearest: docs/encoders.md lists them.
"""

import csv
import functools
from collections.abc import Iterable
from importlib import resources

from resound.errors import DataError, handful


@functools.cache
def class_names() -> tuple[str, ...]:
    """Return the names of the classes, in the order of a network's outputs."""
    return tuple(row["name"] for row in _rows())


@functools.cache
def classes_by_category() -> dict[str, tuple[int, ...]]:
    """Return the positions of the classes that stand for each category.

    Examples
    --------
    >>> [class_names()[position] for position in classes_by_category()["cat"]]
    ['Cat', 'Purr', 'Meow', 'Caterwaul']
    """
    found: dict[str, tuple[int, ...]] = {}
    for row in _rows():
        if category := row["category"]:
            found[category] = (*found.get(category, ()), int(row["index"]))
    return found


def classes_of(categories: Iterable[str]) -> list[tuple[int, ...]]:
    """Return the positions of the classes that stand for each of some categories.

    Raises
    ------
    DataError
        When no class stands for one of them.
    """
    known, asked = classes_by_category(), list(categories)
    lacking = [name for name in asked if name not in known]
    if lacking:
        raise DataError(
            f"no class of AudioSet stands for the categories {handful(lacking)}; write them into "
            "the column category of src/resound/data/audioset.csv, or leave encoders that name "
            "classes by tags out of zero_shot.encoders"
        )
    return [known[name] for name in asked]


def _rows() -> list[dict[str, str]]:
    text = resources.files("resound.data").joinpath("audioset.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
