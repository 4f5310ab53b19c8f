"""Confusion matrix of a classifier, with its most confused pairs of classes."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from resound.evaluation.predictions import read_clip_scores
from resound.plots.made import Drawing, Files, Spec
from resound.plots.style import SEQUENTIAL, colours, say
from resound.registry import FIGURES

MOST_PAIRS = 8
FEW_CLASSES = 15  # up to here each cell can hold its number


def confusion_of(scores: pd.DataFrame) -> pd.DataFrame:
    """Count how often each class (rows) was taken for each (columns).

    Parameters
    ----------
    scores : DataFrame
        ``category`` and ``predicted`` of clips, of several trainings where there are.
    """
    classes = sorted({*scores["category"], *scores["predicted"]})
    counts = pd.crosstab(scores["category"], scores["predicted"])
    return counts.reindex(index=classes, columns=classes, fill_value=0)


def most_confused(counts: pd.DataFrame, n: int = MOST_PAIRS) -> pd.DataFrame:
    """Return the pairs of different classes that are confused most often.

    Returns
    -------
    DataFrame
        ``category, predicted, clips, share``, the share among the clips of the category; the
        largest number first, of equal ones the largest share, then by name.

    Examples
    --------
    >>> taken = {"category": ["dog", "dog", "rain"], "predicted": ["rain", "dog", "rain"]}
    >>> most_confused(confusion_of(pd.DataFrame(taken)))
      category predicted  clips  share
    0      dog      rain      1    0.5
    """
    totals = counts.sum(axis=1)
    pairs = [
        (true, taken, int(counts.loc[true, taken]), counts.loc[true, taken] / totals[true])
        for true in counts.index
        for taken in counts.columns
        if true != taken and counts.loc[true, taken]
    ]
    pairs.sort(key=lambda pair: (-pair[2], -pair[3], pair[:2]))
    return pd.DataFrame(pairs[:n], columns=["category", "predicted", "clips", "share"])


def height(n_classes: int, n_pairs: int) -> float:
    """Return the inches that so many classes and pairs need."""
    side = 4.2 if n_classes <= FEW_CLASSES else 6.2
    return side + 0.5 + 0.17 * max(n_pairs, 1)


def draw(figure: Figure, counts: pd.DataFrame, *, title: str) -> None:
    """Draw the matrix, and below it the most confused pairs by name.

    Parameters
    ----------
    figure : Figure
        What to draw into.
    counts : DataFrame
        As `confusion_of` returns it.
    title : str
        Which classifier it is.
    """
    if counts.empty:
        say(figure, f"{title}: no training has saved predictions yet.")
        return
    pairs = most_confused(counts)
    below = 0.5 + 0.17 * max(len(pairs), 1)
    whole = height(len(counts), len(pairs))
    grid = figure.add_gridspec(2, 1, height_ratios=(whole - below, below))
    _draw_matrix(figure.add_subfigure(grid[0]), counts, title)
    _draw_pairs(figure.add_subfigure(grid[1]).subplots(), pairs)


def _draw_matrix(figure: SubFigure, counts: pd.DataFrame, title: str) -> None:
    axes = figure.subplots()
    numbers = counts.to_numpy()
    totals = numbers.sum(axis=1, keepdims=True)
    shares = np.divide(numbers, totals, out=np.zeros(counts.shape), where=totals > 0)
    image = axes.imshow(shares, cmap=f"{SEQUENTIAL}_r", vmin=0, vmax=1, interpolation="nearest")
    few = len(counts) <= FEW_CLASSES
    size = 7 if few else 5
    ticks = np.arange(len(counts))
    axes.set_xticks(ticks, counts.columns, rotation=90, fontsize=size)
    axes.set_yticks(ticks, counts.index, fontsize=size)
    axes.tick_params(length=0 if few else 1.5, pad=1.5)
    axes.set_title(f"{title}: {np.trace(numbers)} of {numbers.sum()} right")
    axes.set_xlabel("taken for")
    axes.set_ylabel("class")
    figure.colorbar(image, ax=axes, label="share of the class", shrink=0.6, pad=0.02)
    if few:
        for i, j in zip(*np.nonzero(numbers), strict=True):
            colour = "white" if shares[i, j] > 0.4 else "black"
            axes.text(j, i, str(numbers[i, j]), ha="center", va="center", fontsize=6, color=colour)


def _draw_pairs(axes: Axes, pairs: pd.DataFrame) -> None:
    axes.set_title("Most confused")
    if pairs.empty:
        axes.text(0, 0.5, "none: every clip was recognised", transform=axes.transAxes)
        axes.set_axis_off()
        return
    names = [f"{row.category}, taken for {row.predicted}" for row in pairs.itertuples()]
    place = np.arange(len(pairs))
    bars = axes.barh(place, pairs["clips"], color=colours(1)[0], height=0.7)
    labels = [f"{row.clips} ({row.share:.0%} of its clips)" for row in pairs.itertuples()]
    axes.bar_label(bars, labels, fontsize=6, padding=2)
    axes.set_yticks(place, names, fontsize=6.5)
    axes.set_ylim(len(pairs) - 0.4, -0.6)
    axes.set_xlim(0, 1.35 * pairs["clips"].max())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel("clips")
    axes.spines[["top", "right"]].set_visible(False)


@FIGURES.register(
    "confusion",
    each="confusions",
    folder="confusion",
    group="Networks",
    place=70,
    needs=("own_predictions",),
    told=("classifier",),
)
def confusion(files: Files, spec: Spec) -> Drawing:
    """Return the picture of what a classifier takes for what, over all its splits and seeds."""
    counts = confusion_of(pd.concat(map(read_clip_scores, files["own_predictions"])))
    drawn = partial(
        draw, counts=counts, title="{network} on {feature}".format(**spec["classifier"])
    )
    return Drawing(drawn, height(len(counts), len(most_confused(counts))))
