"""Map of an embedding by t-SNE: coloured by group, and for each group by class."""

from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from resound.data.index import read_clips
from resound.data.splits import read_split
from resound.evaluation.maps import read_map
from resound.plots.made import Drawing, Files, Spec
from resound.plots.style import MARKERS, MUTED, colours, say
from resound.registry import FIGURES

COLUMNS = 3  # panels in a row
PANEL = 2.95  # inches, its legend included
MOST_CLASSES = 10  # in one panel: as many as there are colours
MANY = 500  # clips that are drawn smaller


def panels_of(clips: pd.DataFrame) -> dict[str, list[str]]:
    """Return the panels after the first: their title, and the classes that have colours in it.

    ESC-50's classes are shown by their group. Those of other data, which have none, are shown ten
    at a time in alphabetical order.

    Examples
    --------
    >>> panels_of(pd.DataFrame({"group": "water", "category": ["rain", "sea_waves", "rain"]}))
    {'water': ['rain', 'sea_waves']}
    """
    panels: dict[str, list[str]] = {}
    for group, part in clips.groupby("group", sort=False):
        classes = sorted(part["category"].unique())
        for start in range(0, len(classes), MOST_CLASSES):
            chosen = classes[start : start + MOST_CLASSES]
            panels[str(group) or f"{chosen[0]} to {chosen[-1]}"] = chosen
    return panels


def height(clips: pd.DataFrame) -> float:
    """Return the inches that all panels need."""
    return 0.3 + PANEL * -(-(1 + len(panels_of(clips))) // COLUMNS)


def draw(figure: Figure, clips: pd.DataFrame, *, title: str) -> None:
    """Draw all clips by group, then a panel a group by class; full for queries, pale for gallery.

    Parameters
    ----------
    figure : Figure
        What to draw into.
    clips : DataFrame
        ``x, y, group, category`` and ``query``: whether it is one.
    title : str
        Which embedding it is.
    """
    if clips.empty:
        say(figure, "There are no clips.")
        return
    panels = panels_of(clips)
    n_rows = -(-(1 + len(panels)) // COLUMNS)
    first, *others = figure.subplots(n_rows, COLUMNS, squeeze=False).flat
    figure.suptitle(f"{title}; full: queries, pale: gallery", x=0.01, ha="left", fontsize=7.5)
    groups = list(clips["group"].unique())
    size = 12 if len(clips) < MANY else 6
    _scatter(first, clips, "group", groups, size)
    first.set_title("all clips by group" if any(groups) else "all clips", fontsize=7)
    if any(groups):
        _legend(first)
    for axes, (name, classes) in zip(others, panels.items(), strict=False):
        rest = clips[~clips["category"].isin(classes)]
        axes.scatter(rest["x"], rest["y"], s=2, color=MUTED, linewidths=0, alpha=0.6)
        _scatter(axes, clips[clips["category"].isin(classes)], "category", classes, size)
        axes.set_title(name, fontsize=7)
        _legend(axes)
    for axes in others[len(panels) :]:
        axes.set_axis_off()
    _share_view(figure, clips)


def _scatter(axes: Axes, clips: pd.DataFrame, column: str, names: list[Any], size: int) -> None:
    for name, colour, marker in zip(names, colours(len(names)), MARKERS, strict=False):
        part = clips[clips[column] == name]
        for asked, alpha in ((False, 0.3), (True, 1.0)):
            points = part[part["query"] == asked]
            axes.scatter(
                points["x"], points["y"], s=size, color=[colour], marker=marker, alpha=alpha,
                linewidths=0, label=name if asked else None,
            )  # fmt: skip


def _legend(axes: Axes) -> None:
    """Put the names below the panel, where they hide no clip."""
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.02), fontsize=5.5, frameon=False,
        ncols=1 if len(axes.get_legend_handles_labels()[1]) <= 5 else 2, columnspacing=0.6,
        handletextpad=0.1, labelspacing=0.2, borderpad=0,
    )  # fmt: skip


def _share_view(figure: Figure, clips: pd.DataFrame) -> None:
    """Show the same square in all panels, without ticks: the axes of t-SNE mean nothing."""
    centre = [(clips[axis].max() + clips[axis].min()) / 2 for axis in "xy"]
    half = 0.54 * max(clips[axis].max() - clips[axis].min() for axis in "xy") or 1.0
    for axes in figure.axes:
        axes.set(
            xlim=(centre[0] - half, centre[0] + half), ylim=(centre[1] - half, centre[1] + half)
        )
        axes.set_box_aspect(1)
        axes.set_xticks([])
        axes.set_yticks([])


@FIGURES.register(
    "tsne",
    each="maps",
    folder="tsne",
    group="Embeddings",
    place=80,
    needs=("map", "clips", "split"),
    told=("title",),
)
def map_of_clips(files: Files, spec: Spec) -> Drawing:
    """Return the map of one embedding, by group and by class."""
    points = read_map(files["map"][0]).set_index("clip_id")
    clips = read_clips(files["clips"][0]).set_index("id").join(points, how="inner")
    queries, _ = read_split(files["split"][0])
    clips = clips.assign(query=clips.index.isin(queries)).sort_values("target", kind="stable")
    return Drawing(partial(draw, clips=clips, title=spec["title"]), height(clips))
