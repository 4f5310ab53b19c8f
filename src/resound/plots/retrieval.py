"""Retrieval figures: the metrics of each method, and how its precision falls with the rank."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from resound import store
from resound.data.splits import read_split
from resound.evaluation.labels import FAMILIES, method_labels, row_a_method
from resound.evaluation.precision import precision_over_rank
from resound.experiment.coordinates import RunRow
from resound.plots.made import Drawing, Files, Spec
from resound.plots.style import MUTED, SMALL, colours, say
from resound.registry import FIGURES

METRICS = ("mrr", "ndcg_retrieved", "binary", "proportion")
MOST_ROWS = 40  # methods in one figure
MOST_LINES = 5  # methods that are told apart in one panel
PANEL = 2.6  # inches
Curve = npt.NDArray[np.float64]


def metrics_rows(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return what is drawn of a table: a row a method that has results, the best by `metric` first.

    Of a method with several folds, the row of all of them.
    """
    rows = row_a_method(table)
    rows = rows.assign(label=method_labels(rows.to_dict("records")))
    found = rows[rows["n_queries"] > 0]
    if found.empty:
        return found
    return found.sort_values(metric, ascending=False, kind="stable")[:MOST_ROWS]


def metrics_height(n_rows: int) -> float:
    """Return the inches that so many methods need."""
    return 0.95 + 0.18 * max(n_rows, 3)


def draw_metrics(figure: Figure, rows: pd.DataFrame, *, k: int) -> None:
    """Draw four metrics at rank `k` of every method, with intervals, and the study's figure.

    Parameters
    ----------
    figure : Figure
        What to draw into.
    rows : DataFrame
        As `metrics_rows` returns them.
    k : int
        The cut-off of the metrics.
    """
    if rows.empty:
        say(figure, "No method of this table has a result yet.")
        return
    place = np.arange(len(rows))
    panels = figure.subplots(1, len(METRICS), sharey=True)
    for axes, name in zip(panels, METRICS, strict=True):
        metric = f"{name}@{k}"
        low, high = rows[f"{metric}_low"], rows[f"{metric}_high"]
        axes.hlines(place, low, high, color=colours(1)[0], linewidth=1.2)
        axes.plot(
            rows[metric],
            place,
            "o",
            color=colours(1)[0],
            markersize=3.5,
            label="ours, with interval",
        )
        if rows.get(f"published_{metric}", pd.Series(dtype=float)).notna().any():
            study = rows[f"published_{metric}"]
            options = {"markerfacecolor": "none", "color": colours(2)[1], "markersize": 4}
            axes.plot(study, place, "D", label="the study's, on ESC-50", **options)
        axes.set_title(metric, fontsize=7)
        axes.set_xlim(left=0)
        axes.grid(axis="x", color="0.9", linewidth=0.6)
        axes.tick_params(axis="y", length=0)
        axes.set_axisbelow(True)
    panels[0].set_yticks(place, rows["label"], fontsize=7)
    panels[0].set_ylim(len(rows) - 0.4, -0.6)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=7)


class Curves(NamedTuple):
    """The precision of a table's methods at each rank, and what a random order would reach.

    Attributes
    ----------
    by_method : mapping of str to ndarray, shape (ranks,)
        Precision up to rank 1, 2, ..., in [0, 1], by the method's label.
    chance : float
        Share of the gallery that is relevant, averaged over queries, in [0, 1].
    """

    by_method: Mapping[str, Curve]
    chance: float


def curves_of(rankings: Mapping[RunRow, pd.DataFrame], n_gallery: int) -> Curves:
    """Return the precision over rank of each method, over all its queries, splits and seeds.

    Parameters
    ----------
    rankings : mapping
        The ranked hits of each run.
    n_gallery : int
        Clips among which the queries look.
    """
    methods: dict[tuple[tuple[str, str], ...], list[pd.DataFrame]] = {}
    for run, ranking in rankings.items():
        methods.setdefault(tuple(run.about.items()), []).append(ranking)
    labels = method_labels([dict(about) for about in methods])
    curves = map(precision_over_rank, methods.values())
    relevant = [ranking.groupby("query")["n_relevant"].first() for ranking in rankings.values()]
    chance = float(pd.concat(relevant).mean()) / n_gallery if relevant else 0.0
    return Curves(dict(zip(labels, curves, strict=True)), chance)


def precision_height(n_tables: int) -> float:
    """Return the inches that so many panels need, two in a row."""
    return 0.3 + PANEL * -(-max(n_tables, 1) // 2)


def draw_precision(figure: Figure, tables: Mapping[str, Curves]) -> None:
    """Draw the precision over rank, a panel a table: the best methods in colour, the others grey.

    Parameters
    ----------
    figure : Figure
        What to draw into.
    tables : mapping of str to Curves
        By the title of the panel.
    """
    drawn = {title: curves for title, curves in tables.items() if curves.by_method}
    if not drawn:
        say(figure, "There is no ranking yet.")
        return
    n_rows = -(-len(drawn) // 2)
    panels = figure.subplots(n_rows, 2, squeeze=False, sharey=True).flat
    for axes, (title, curves) in zip(panels, drawn.items(), strict=False):
        _draw_curves(axes, curves)
        axes.set_title(title)
        axes.set_xlabel("rank")
    for axes in list(panels)[len(drawn) :]:
        axes.set_axis_off()
    for axes in figure.axes[::2]:
        axes.set_ylabel("precision up to the rank")


def _draw_curves(axes: Axes, curves: Curves) -> None:
    order = sorted(curves.by_method, key=lambda name: -curves.by_method[name].mean())
    told, others = order[:MOST_LINES], order[MOST_LINES:]
    for name, colour, dashes in zip(told, colours(MOST_LINES), _DASHES, strict=False):
        values = curves.by_method[name]
        axes.plot(_ranks(values), values, color=colour, linestyle=dashes, lw=1.4, label=name)
    for name in others:
        values = curves.by_method[name]
        label = f"{len(others)} others" if name == others[0] else None
        axes.plot(_ranks(values), values, color=MUTED, lw=0.7, zorder=1, label=label)
    axes.axhline(curves.chance, color="0.3", linestyle=":", lw=0.9, label="chance")
    axes.set_ylim(0, 1)
    axes.set_xlim(left=1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.legend(fontsize=SMALL, frameon=False, loc="upper right", labelspacing=0.25)


_DASHES: Sequence[Any] = ("-", "--", "-.", (0, (4, 1, 1, 1, 1, 1)), (0, (1, 1)))


def _ranks(values: Curve) -> Curve:
    return np.arange(1.0, len(values) + 1.0)


@FIGURES.register(
    "retrieval",
    each="retrieval_tables",
    group="Retrieval",
    place=40,
    needs=("table",),
    told=("headline", "top_k"),
)
def retrieval(files: Files, spec: Spec) -> Drawing:
    """Return the picture of what each method of a retrieval table reaches."""
    table = store.read_csv(files["table"][0], dtypes={"query_fold": "str"})
    rows = metrics_rows(table, spec["headline"])
    return Drawing(
        partial(draw_metrics, rows=rows, k=min(spec["top_k"])), metrics_height(len(rows))
    )


@FIGURES.register(
    "precision",
    asked="rankings",
    group="Retrieval",
    place=50,
    needs=("splits", "rankings"),
    told=("all_runs",),
)
def precision(files: Files, spec: Spec) -> Drawing:
    """Return the picture of how the precision of every method falls with the rank."""
    runs = {table: [RunRow(*run) for run in listed] for table, listed in spec["all_runs"].items()}
    every = dict.fromkeys(run for listed in runs.values() for run in listed)
    rankings = dict(zip(every, map(store.read_table, files["rankings"]), strict=True))
    galleries = [len(gallery) for _, gallery in map(read_split, files["splits"])]
    curves = {
        FAMILIES.get(table, table): curves_of(
            {run: rankings[run] for run in listed}, min(galleries)
        )
        for table, listed in runs.items()
    }
    return Drawing(partial(draw_precision, tables=curves), precision_height(len(curves)))
