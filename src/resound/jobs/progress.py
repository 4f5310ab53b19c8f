"""Progress bars on the terminal, and silence everywhere else.

Bars go to the process's original stderr, so a script that sends `sys.stderr` to its log still shows
them to the person at the terminal; where that stderr is a file or a pipe, nothing is written.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tqdm import tqdm

DECIDES_NO_NUMBER = "What is tracked passes through as it is; bars go to the terminal."

Item = TypeVar("Item")


def track(
    items: Iterable[Item], description: str, *, total: int | None = None, unit: str = "it"
) -> Iterable[Item]:
    """Return `items` as an iterable that shows how far it has got.

    Parameters
    ----------
    items : iterable
        What to go through.
    description : str
        What is being done, in a few words: ``"decode clips"``.
    total : int, optional
        How many items there are, where `items` has no length.
    unit : str
        What one item is called.

    Examples
    --------
    >>> [clip.upper() for clip in track(["dog", "rain"], "name clips", unit="clip")]
    ['DOG', 'RAIN']
    """
    return tqdm(items, description, total, unit=unit, **_options())


@contextmanager
def bar(total: int, description: str, unit: str = "it") -> Iterator[Callable[[int], object]]:
    """Show a bar of `total` steps, and yield the function that moves it on by some of them."""
    scaled = unit == "B"
    with tqdm(None, description, total, unit=unit, unit_scale=scaled, **_options()) as progress:
        yield progress.update


def _options() -> dict[str, Any]:
    stream = sys.__stderr__
    quiet = stream is None or not stream.isatty()
    return {"file": stream, "disable": quiet, "dynamic_ncols": True, "leave": False}
