"""The making of a registered figure, from its files and its spec."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from resound.plots import style
from resound.registry import FIGURES
from resound.store import AnyPath

# The files that a figure needs, by the words of its registration.
Files = Mapping[str, Sequence[AnyPath]]
Spec = Mapping[str, Any]


class Drawing(NamedTuple):
    """A figure before it is drawn: what draws into it, and its height in inches."""

    draw: Callable[[Figure], None]
    height: float


def make_figure(kind: str, files: Files, spec: Spec, paths: Iterable[AnyPath]) -> None:
    """Make a figure of a registered kind, and write it as PNG and SVG."""
    drawing: Drawing = FIGURES[kind](files, spec)
    style.save(drawing.draw, paths, height=drawing.height)
