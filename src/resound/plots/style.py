"""Style of all figures, and how they are saved: one size, one palette, PNG and SVG.

Colours are safe for the colour-blind: seaborn's ``colorblind`` palette for categories, `SEQUENTIAL`
for magnitudes, `DIVERGING` for signed values, symmetric about 0. `save` writes the same bytes for
the same figure: SVG without a date, with ids that depend on nothing but what is drawn.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import matplotlib
import seaborn
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler

from resound import store
from resound.errors import check_choice

WIDTH = 6.5  # inches: a text column of a page
DPI = 200
SEQUENTIAL = "mako"
DIVERGING = "vlag"
MUTED = "0.75"  # grey: what stands behind what is told
MARKERS = "osD^vP*X<>"
FONT_SCALE = 0.85  # of seaborn's "paper": 7.5 points for ticks, 8 for titles
SMALL = 6.5  # points: ticks and legends of crowded panels
METADATA = {"svg": {"Date": None}, "png": {"Software": None}}


def save(draw: Callable[[Figure], None], paths: Iterable[store.AnyPath], *, height: float) -> None:
    """Draw one figure and write it to every path, in the format of its suffix.

    Parameters
    ----------
    draw : callable
        Draws into the figure that it is given.
    paths : iterable of path
        ``.png`` and ``.svg``.
    height : float
        Inches; the width is `WIDTH` in all figures.

    Raises
    ------
    ParameterError
        For another format.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a user's own matplotlibrc changes no figure
        matplotlib.rcParams.update(_settings())
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure)
        for path in map(Path, paths):
            form = check_choice("format", path.suffix.removeprefix("."), METADATA)
            with store.replacing(path) as temporary:
                figure.savefig(temporary, format=form, dpi=DPI, metadata=METADATA[form])


def colours(n: int) -> list[tuple[float, float, float]]:
    """Return `n` colours of the colour-blind palette, from the start again after its tenth.

    Examples
    --------
    >>> len(colours(12)), colours(12)[10] == colours(12)[0]
    (12, True)
    """
    palette = seaborn.color_palette("colorblind")
    return [palette[i % len(palette)] for i in range(n)]


def say(figure: Figure, text: str) -> None:
    """Write a sentence where nothing can be drawn."""
    figure.text(0.5, 0.5, text, ha="center", va="center")


def _settings() -> dict[str, object]:
    return {
        **seaborn.axes_style("ticks"),
        **seaborn.plotting_context("paper", font_scale=FONT_SCALE),
        "axes.prop_cycle": cycler(color=seaborn.color_palette("colorblind")),
        "axes.titlelocation": "left",
        "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
        "svg.hashsalt": "resound",
        "text.parse_math": False,  # a name that holds $ is no formula
    }
