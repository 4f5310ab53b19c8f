"""The share that each method keeps where clips are disturbed: a row a method, a column a way."""

from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from resound import store
from resound.evaluation.changed import LEFT
from resound.evaluation.labels import FOLDS, method_labels, row_a_method
from resound.plots.made import Drawing, Files, Spec
from resound.plots.style import SEQUENTIAL, SMALL, say
from resound.registry import FIGURES

ABOUT = ("method", "network", "feature", "setting")
MOST_METHODS = 40
ACCURACY = "accuracy"


class Kept(NamedTuple):
    """What is drawn.

    Attributes
    ----------
    methods : list of str
        The label of each row with its value of clips as they are, the highest first.
    conditions : list of str
        The words of each column.
    shares : ndarray, shape (methods, conditions)
        The share that is left; NaN where nothing was found by clips as they are.
    """

    methods: list[str]
    conditions: list[str]
    shares: npt.NDArray[np.float64]


def kept_of(table: pd.DataFrame, metric: str) -> Kept:
    """Return what a table of robustness tells of one metric.

    Parameters
    ----------
    table : DataFrame
        With ``condition``, empty of clips as they are, ``query`` in words, `metric` and the share
        of it that is left, ``left_<metric>``.
    metric : str
        ``mrr@10``, or ``accuracy``.
    """
    if table.empty or f"{LEFT}_{metric}" not in table:
        return Kept([], [], np.empty((0, 0)))
    named = [name for name in ABOUT if name in table]
    rows = row_a_method(table).fillna(dict.fromkeys([*named, "condition"], ""))
    is_clean = rows["condition"] == ""
    clean = rows[is_clean].sort_values(metric, ascending=False, kind="stable").head(MOST_METHODS)
    conditions = list(dict.fromkeys(rows.loc[~is_clean, "query"]))
    left = rows[~is_clean].set_index([*named, "query"])[f"{LEFT}_{metric}"]
    keys = clean[named].itertuples(index=False, name=None)
    shares = [[left.get((*key, query), np.nan) for query in conditions] for key in keys]
    labels = method_labels(clean[named].to_dict("records"))
    told = [f"{label} ({value:.2f})" for label, value in zip(labels, clean[metric], strict=True)]
    return Kept(told, conditions, np.array(shares, float))


def height(n_methods: int) -> float:
    """Return the inches that so many methods need."""
    return 1.6 + 0.24 * max(n_methods, 1)


def draw(figure: Figure, kept: Kept, *, metric: str) -> None:
    """Draw the shares, each with its number.

    Parameters
    ----------
    figure : Figure
        What to draw into.
    kept : Kept
        As `kept_of` returns it.
    metric : str
        Of which they are shares.
    """
    if not kept.methods:
        say(figure, "No method has been asked by disturbed clips yet.")
        return
    axes = figure.subplots()
    image = axes.imshow(kept.shares, cmap=SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(kept.conditions)), kept.conditions, rotation=60, ha="right")
    axes.set_yticks(range(len(kept.methods)), kept.methods)
    axes.tick_params(length=0, labelsize=SMALL)
    axes.set_title(f"share of {metric} that is left; in brackets that of clips as they are")
    for (i, j), share in np.ndenumerate(kept.shares):
        if np.isfinite(share):
            colour = "white" if share < 0.6 else "black"
            axes.text(j, i, f"{100 * share:.0f}", ha="center", va="center", size=6, color=colour)
    figure.colorbar(image, ax=axes, label="share left, % in the cells", shrink=0.8, pad=0.01)


@FIGURES.register(
    "robustness",
    each="robustness_tables",
    group="Robustness",
    place=55,
    needs=("table",),
    told=("headline",),
)
def robustness(files: Files, spec: Spec) -> Drawing:
    """Return the picture of what disturbed clips keep."""
    path = files["table"][0]
    texts = store.read_csv(path).columns.intersection([*ABOUT, *FOLDS, "query", "condition"])
    table = store.read_csv(path, dtypes=dict.fromkeys(texts, "str"))
    metric = ACCURACY if ACCURACY in table else spec["headline"]
    kept = kept_of(table, metric)
    return Drawing(partial(draw, kept=kept, metric=metric), height(len(kept.methods)))
