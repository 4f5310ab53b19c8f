"""Tables across tables: which methods differ significantly, and the best of each family."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from resound.errors import handful
from resound.evaluation.comparison import (
    COLUMNS,
    classification_contenders,
    compare,
    retrieval_contenders,
)
from resound.evaluation.labels import FAMILIES, method_labels, row_a_method
from resound.evaluation.predictions import read_clip_scores
from resound.evaluation.scoring import metrics_of, read_scores
from resound.experiment.coordinates import RunRow, TrainingRow
from resound.registry import TABLES
from resound.report import tables
from resound.report.made import Files, Spec, Table

ACCURACY = "accuracy"


def significance_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the comparisons of `compare` with both methods named, in `COLUMNS`."""
    labels = method_labels([row[side] for row in rows for side in ("about_a", "about_b")])
    named = [
        {**row, "method_a": a, "method_b": b}
        for row, a, b in zip(rows, labels[::2], labels[1::2], strict=True)
    ]
    return pd.DataFrame(named, columns=list(COLUMNS))


def shown_significance(frame: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return what a reader asks: which method is better, by how much, and how sure that is."""
    rows = frame.to_dict("records")
    return pd.DataFrame(
        {
            "metric": frame["metric"],
            "better": frame["method_a"],
            "than": frame["method_b"],
            "difference": [
                f"{row['difference']:.3f} "
                f"[{row['difference_low']:.3f}, {row['difference_high']:.3f}]"
                for row in rows
            ],
            "p": [f"{p:.2g}" for p in frame["p_value"]],
            "p (adjusted)": [
                tables.emphasised(f"{p:.2g}", p <= 1 - level) for p in frame["p_adjusted"]
            ],
            "queries": frame["n_queries"],
            "recordings": frame["n_recordings"],
        }
    )


def significance_caption(dataset: str, level: float, *, pairs: str, samples: int, **_: Any) -> str:
    """Say what is tested, and what a p-value of the best of many is worth."""
    lines = [
        f"Paired comparisons on {dataset}, on the queries that both methods have. The difference "
        f"is the mean over queries [{level:.0%} interval]. p is from a two-sided sign-flip test: "
        "the differences of all queries of one source recording change sign together, over all "
        f"patterns of signs or {samples} random ones. p (adjusted) holds for all pairs of methods "
        "by the metric at once, however a pair was chosen (Westfall and Young); bold marks values "
        f"of at most {1 - level:.2g}. Other metrics and depths are in the CSV file, adjusted each "
        "by itself.",
    ]
    if pairs == "best":
        lines.append(
            "Told are the best method of each table with the other methods of that table and with "
            "the best of the other tables."
        )
    return "\n".join(lines)


def sentence(rows: Sequence[Mapping[str, Any]], metric: str, level: float) -> str:
    """Say which method is best, ahead of which by how much, and how sure that is.

    Parameters
    ----------
    rows : sequence of mapping
        As `compare` returns them, of one metric.
    metric : str
        Its name.
    level : float
        Of the intervals; a lead counts as shown where its adjusted p is at most 1 - level.

    Returns
    -------
    str
        Empty where there are no two methods to compare.
    """
    if not rows:
        return ""
    best = max(rows, key=lambda row: row["mean_a"])
    named = [best[key] for key in ("table_a", "about_a")]
    of_best = [row for row in rows if [row["table_a"], row["about_a"]] == named]
    names = method_labels([best["about_a"], *(row["about_b"] for row in of_best)])
    others = sorted(zip(of_best, names[1:], strict=True), key=lambda pair: pair[0]["difference"])
    alike = [name for row, name in others if row["p_adjusted"] > 1 - level]
    row, second = others[0]
    told = (
        f"{names[0]} is best by {metric}: {row['mean_a']:.3f}, ahead of {second} by "
        f"{row['difference']:.3f} [{row['difference_low']:.3f}, {row['difference_high']:.3f}], "
        f"p = {row['p_adjusted']:.2g}, adjusted for all pairs of methods."
    )
    if alike:
        return f"{told} It is not shown to differ from {handful(alike)}."
    return f"{told} It is shown to differ from all {len(others)} methods that it was compared with."


def summary_table(frames: Mapping[str, pd.DataFrame], metric: str) -> pd.DataFrame:
    """Return the headline of each table.

    Parameters
    ----------
    frames : mapping
        The tables by name, as they are in their CSV files.
    metric : str
        By which a retrieval table has its best; classifiers have theirs by accuracy.

    Returns
    -------
    DataFrame
        A row a table: how many methods have a result, the best of them, its figure with the ends of
        its interval, the best of the study's figures that stand beside ours, and the difference.
    """
    rows = []
    for name, frame in frames.items():
        classifies = "accuracy" in frame
        headline = _headline(row_a_method(frame), "accuracy" if classifies else metric)
        rows.append({"table": name, **headline})
    return pd.DataFrame(rows)


def _headline(frame: pd.DataFrame, metric: str) -> dict[str, Any]:
    records = frame.to_dict("records")
    rows = [
        {**row, "label": label} for row, label in zip(records, method_labels(records), strict=True)
    ]
    ours = [row for row in rows if pd.notna(row.get(metric))]
    study = [row for row in rows if pd.notna(row.get(f"published_{metric}"))]
    found: dict[str, Any] = {"n_methods": len(ours), "metric": metric, "best": "", "value": np.nan}
    if ours:
        best = max(ours, key=lambda row: row[metric])
        found |= {"best": best["label"], "value": best[metric]}
        found |= {end: best[f"{metric}_{end}"] for end in ("low", "high")}
    if study:
        best = max(study, key=lambda row: row[f"published_{metric}"])
        value = best[f"published_{metric}"]
        found |= {"published_best": best["label"], "published_value": value}
        found |= {"difference": found["value"] - value, "published_note": best["published_note"]}
    return found


def shown_summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the headlines as a reader compares them."""
    rows, studied = frame.to_dict("records"), "published_best" in frame
    return pd.DataFrame(
        {
            "family": [FAMILIES.get(name, name) for name in frame["table"]],
            "methods": frame["n_methods"],
            "best": frame["best"],
            "metric": frame["metric"],
            "ours" if studied else "value": [_ours(row) for row in rows],
            **({"the study's best": [_study(row) for row in rows]} if studied else {}),
        }
    )


def _ours(row: Mapping[Any, Any]) -> str:
    if not row["n_methods"]:
        return "missing"
    return f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"


def _study(row: Mapping[Any, Any]) -> str:
    value = row.get("published_value")
    if pd.isna(value):
        return ""
    difference = row["difference"]
    above = "" if pd.isna(difference) else f" ({difference:+.3f})"
    return f"{value:.3f}{above}: {row['published_best']}"


def summary_caption(
    frame: pd.DataFrame, dataset: str, level: float, sentences: Sequence[str] = ()
) -> str:
    """Say what won and how sure that is, and what the headlines are."""
    beside = ""
    if "published_best" in frame:
        beside = (
            ", and the best figure that the study prints for the methods of that table (ours minus "
            "it)"
        )
    lines = [
        *filter(None, sentences),
        f"The best of each table on {dataset} [{level:.0%} interval]{beside}. The best of many "
        "methods owes part of its lead to chance; the table significance tests that lead.",
    ]
    notes = sorted(set(frame.get("published_note", pd.Series(dtype=str)).dropna()) - {""})
    lines += [f"Not as in the study: {note}." for note in notes]
    return "\n".join(lines)


@TABLES.register(
    "significance",
    asked="compared",
    place=80,
    needs=("all_scores", "tested_predictions"),
    told=("all_runs", "tested_trainings", "headline", "comparison", "dataset", "intervals"),
)
def significance(files: Files, spec: Spec) -> Table:
    """Return the paired tests between the methods that have scores, by every metric."""
    block, level = spec["comparison"], spec["intervals"]["level"]
    ranked, trained = _scores_of_all(files, spec)
    metrics = list(dict.fromkeys(m for f in ranked[1].values() for m in metrics_of(f)))
    metrics = [spec["headline"], *(name for name in metrics if name != spec["headline"])]
    rows = [row for name in metrics for row in _compared(ranked, trained, name, spec)]
    rows += _compared(ranked, trained, ACCURACY, spec)
    frame = significance_table(rows)
    shown = frame[frame["metric"].isin([spec["headline"], ACCURACY])]
    ways = {"pairs": block["pairs"], "samples": block["samples"]}
    caption = significance_caption(spec["dataset"], level, **ways)
    return Table(frame, shown_significance(shown.reset_index(drop=True), level), caption)


Ranked = tuple[dict[str, list[RunRow]], dict[RunRow, pd.DataFrame]]


def _scores_of_all(files: Files, spec: Spec) -> tuple[Ranked, dict[TrainingRow, pd.DataFrame]]:
    """Return the runs of retrieval tables with their scores, and those of classifiers."""
    runs = {table: [RunRow(*run) for run in rows] for table, rows in spec["all_runs"].items()}
    every = dict.fromkeys(run for rows in runs.values() for run in rows)
    ranked = dict(zip(every, map(read_scores, files["all_scores"]), strict=True))
    trainings = [TrainingRow(*row) for row in spec["tested_trainings"]]
    tested = map(read_clip_scores, files["tested_predictions"])
    return (runs, ranked), dict(zip(trainings, tested, strict=True))


def _compared(
    ranked: Ranked, trained: Mapping[TrainingRow, pd.DataFrame], metric: str, spec: Spec
) -> list[dict[str, Any]]:
    """Return the comparisons of all methods by one metric, those of classifiers by accuracy."""
    block = spec["comparison"]
    if metric == ACCURACY:
        contenders = classification_contenders("classification", list(trained), trained)
    else:
        contenders = retrieval_contenders(*ranked, metric)
    return compare(
        contenders,
        metric,
        pairs=block["pairs"],
        samples=block["samples"],
        seed=block["seed"],
        level=spec["intervals"]["level"],
    )


@TABLES.register(
    "summary",
    asked="compared",
    place=90,
    needs=("compared_tables", "all_scores", "tested_predictions"),
    told=(
        "folds_of_tables", "all_runs", "tested_trainings", "headline", "comparison", "dataset",
        "intervals",
    ),
)  # fmt: skip
def summary(files: Files, spec: Spec) -> Table:
    """Return the headlines of all tables, after what won and how sure that is."""
    named = zip(spec["folds_of_tables"].items(), files["compared_tables"], strict=True)
    frames = {name: tables.read_table(path, fold) for (name, fold), path in named}
    frame = summary_table(frames, spec["headline"])
    level, scores = spec["intervals"]["level"], _scores_of_all(files, spec)
    sentences = [
        sentence(_compared(*scores, metric, spec), metric, level)
        for metric in (spec["headline"], ACCURACY)
    ]
    caption = summary_caption(frame, spec["dataset"], level, sentences)
    return Table(frame, shown_summary(frame), caption)
