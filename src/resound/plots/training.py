"""Training curves: the loss of every epoch, and the accuracy where there is one."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from resound import store
from resound.experiment.coordinates import Panel
from resound.plots.made import Drawing, Files, Spec
from resound.plots.style import SMALL, colours, say
from resound.registry import FIGURES

PANEL = 1.7  # inches
PARTS = {"train": "-", "validation": "--", "final": ":"}
Histories = Sequence[tuple[Panel, pd.DataFrame]]


def height(histories: Histories) -> float:
    """Return the inches that the networks of these trainings need."""
    return 0.8 + PANEL * max(len(_networks(histories)), 1)


def draw(figure: Figure, histories: Histories) -> None:
    """Draw a row a network: on the left the loss, on the right the accuracy, a colour a feature.

    Splits and seeds of a network are lines of one colour. Autoencoders of all code sizes share a
    row.

    Parameters
    ----------
    figure : Figure
        What to draw into.
    histories : sequence of (Panel, DataFrame)
        Where each training is drawn, with its ``history.csv``; those that failed have no epochs.
    """
    networks = _networks(histories)
    if not networks:
        say(figure, "No training has finished an epoch yet.")
        return
    by_feature = {panel.title for panel, _ in histories if panel.by_feature}
    colour = _colours(line for title in networks if title in by_feature for line in networks[title])
    panels = figure.subplots(len(networks), 2, squeeze=False)
    for (left, right), (network, trainings) in zip(panels, networks.items(), strict=True):
        left.set_title(network)
        own = colour if network in by_feature else _colours(trainings)
        _draw_quantity(left, trainings, "loss", own)
        _draw_quantity(right, trainings, "accuracy", own)
        if network not in by_feature:
            left.legend(handles=_lines(own), fontsize=SMALL, frameon=False)
        if right.lines:
            right.set_ylim(0, 1)
        else:
            right.set_axis_off()
    for axes in panels[-1]:
        axes.set_xlabel("epoch")
    handles = _lines(colour)
    used = [part for part in PARTS if any(f"{part}_loss" in frame for _, frame in histories)]
    if len(used) > 1:
        handles += [Line2D([], [], color="0.3", ls=PARTS[part], label=part) for part in used]
    if handles:
        figure.legend(
            handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=SMALL
        )


def _colours(names: Iterable[str]) -> dict[str, Any]:
    different = list(dict.fromkeys(names))
    return dict(zip(different, colours(len(different)), strict=True))


def _lines(colour: Mapping[str, Any]) -> list[Line2D]:
    return [Line2D([], [], color=value, label=name) for name, value in colour.items()]


def _networks(histories: Histories) -> dict[str, dict[str, list[pd.DataFrame]]]:
    """Group histories by what stands in one panel, and there by what has one colour."""
    grouped: dict[str, dict[str, list[pd.DataFrame]]] = {}
    for panel, frame in histories:
        if not frame.empty:
            grouped.setdefault(panel.title, {}).setdefault(panel.line, []).append(frame)
    return grouped


def _draw_quantity(
    axes: Axes,
    trainings: Mapping[str, Sequence[pd.DataFrame]],
    quantity: str,
    colour: Mapping[str, Any],
) -> None:
    for name, frames in trainings.items():
        for frame in frames:
            for part, dashes in PARTS.items():
                if (column := f"{part}_{quantity}") in frame:
                    axes.plot(frame["epoch"], frame[column], dashes, color=colour[name], lw=1)
    axes.set_ylabel(quantity)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


@FIGURES.register(
    "training",
    asked="histories",
    group="Networks",
    place=60,
    needs=("histories",),
    told=("panels",),
)
def training(files: Files, spec: Spec) -> Drawing:
    """Return the training curves of all networks."""
    panels = (Panel(*panel) for panel in spec["panels"])
    histories = list(zip(panels, map(store.read_csv, files["histories"]), strict=True))
    return Drawing(partial(draw, histories=histories), height(histories))
