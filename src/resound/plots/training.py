"""Training curves: the loss of every epoch, and the accuracy where there is one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from resound.experiment.coordinates import AUTOENCODER, Cell
from resound.plots.style import SMALL, colours, say

PANEL = 1.7  # inches
PARTS = {"train": "-", "validation": "--", "final": ":"}
Histories = Sequence[tuple[Cell, pd.DataFrame]]


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
    histories : sequence of (Cell, DataFrame)
        Each training with its ``history.csv``; those that failed have no epochs.
    """
    networks = _networks(histories)
    if not networks:
        say(figure, "No training has finished an epoch yet.")
        return
    colour = _colours(
        line for network in networks if network != AUTOENCODER for line in networks[network]
    )
    panels = figure.subplots(len(networks), 2, squeeze=False)
    for (left, right), (network, trainings) in zip(panels, networks.items(), strict=True):
        left.set_title(network)
        own = _colours(trainings) if network == AUTOENCODER else colour
        _draw_quantity(left, trainings, "loss", own)
        _draw_quantity(right, trainings, "accuracy", own)
        if network == AUTOENCODER:
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
    for cell, frame in histories:
        if frame.empty:
            continue
        panel = AUTOENCODER if cell.code_size else cell.network
        line = f"{cell.feature}, code {cell.code_size}" if cell.code_size else cell.feature
        grouped.setdefault(panel, {}).setdefault(line, []).append(frame)
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
