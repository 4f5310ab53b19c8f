"""Result tables as a person reads them: Markdown and LaTeX beside the CSV."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from tabulate import tabulate

from resound import store
from resound.report import published
from resound.report.starts import started_from


class Form(NamedTuple):
    """How a table is written for people: tabulate's name of it, and what stands around bold."""

    name: str
    opening: str
    closing: str


FORMS = {".md": Form("github", "**", "**"), ".tex": Form("latex_booktabs", r"\textbf{", "}")}
# Stand around bold text until its form is known: from Unicode's private use area, twice, so that
# the columns of a Markdown table keep their width.
BOLD, PLAIN = "\ue000" * 2, "\ue001" * 2
SEARCH_CAPTION = (
    "How many pairs of clips the exact search for the nearest clips skipped, and how many cells of "
    "the DTW matrices it computed. Its hits are the same as those of the full matrix."
)
ABOUT = ("method", "network", "started_from", "vector", "feature", "setting", "query_fold")
# What stands in a cell behind ours, where the study's figures do.
BESIDE = " (the study's, ours minus it)"
SHOWN = ("mrr", "ndcg_retrieved", "ndcg", "binary", "proportion", "map")


def retrieval_table(
    rows: Iterable[Mapping[str, Any]],
    settings: Mapping[str, Mapping[str, int]],
    dataset: str,
    *,
    starts: Mapping[str, str] | None = None,
    vectors: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Set the rows of a retrieval table beside the study's figures, where they are of its clips.

    Parameters
    ----------
    rows : iterable of mapping
        As `resound.evaluation.summary.retrieval_rows` makes them.
    settings : mapping
        Short-time settings by name.
    dataset : str
        What they are about.
    starts : mapping, optional
        By network what it started from: ``random``, or the digest of its weights.
    vectors : mapping, optional
        By row of an encoder which vector it compares.

    Returns
    -------
    DataFrame
        The columns of `rows`, for networks ``started_from``, for encoders ``vector``; of the
        study's data then ``published_mrr@10, ...``, ours minus it as ``difference_mrr@10, ...``,
        and ``published_note``, which says in what our method and protocol differ from the study's.
    """
    full = []
    for row in rows:
        learned = _learned(row.get("network", ""), starts or {}, vectors or {})
        if not published.stands_beside(dataset):
            full.append({**row, **learned})
            continue
        study = published.beside(row, settings[row["setting"]])
        note = published.differences({**row, **learned}) if study else ""
        full.append({**row, **learned, **study, "published_note": note})
    frame = pd.DataFrame(full)
    if "published_note" not in frame:
        return frame
    studied = [c for c in frame.columns if c.startswith("published_") and c != "published_note"]
    ordered = [c for c in frame.columns if not c.startswith("published_")]
    metrics = [c.removeprefix("published_") for c in studied]
    differences = {
        f"difference_{m}": frame.get(m, np.nan) - frame[f"published_{m}"] for m in metrics
    }
    return frame.assign(**differences)[[*ordered, *studied, *differences, "published_note"]]


def _learned(network: str, starts: Mapping[str, str], vectors: Mapping[str, str]) -> dict[str, str]:
    start = {"started_from": started_from(starts[network])} if network in starts else {}
    return start | ({"vector": vectors[network]} if network in vectors else {})


def write(frame: pd.DataFrame, csv: store.AnyPath, shown: pd.DataFrame, caption: str) -> None:
    """Write a table as ``.csv``, and what is shown of it as ``.md`` and ``.tex`` beside it."""
    store.write_csv(frame, csv)
    for suffix, form in FORMS.items():
        cells, header = shown.to_numpy(object).tolist(), list(shown.columns)
        text = tabulate(cells, header, tablefmt=form.name, floatfmt=".4g")
        text = text.replace(BOLD, form.opening).replace(PLAIN, form.closing)
        comment = "".join(f"% {line}\n" for line in caption.splitlines())
        head = f"{caption}\n\n" if suffix == ".md" else comment
        store.write_text(Path(csv).with_suffix(suffix), f"{head}{text}\n")


def read_table(path: store.AnyPath, fold: str) -> pd.DataFrame:
    """Read a table's CSV file; `fold` is its column of folds, ``5`` or ``all``."""
    return store.read_csv(path, dtypes={fold: "str"})


def shown_retrieval(frame: pd.DataFrame, top_k: Sequence[int]) -> pd.DataFrame:
    """Return what a reader compares: each metric with its interval, the study's, the difference.

    Bold marks the best value among rows tested on the same fold.
    """
    shown = frame[[column for column in ABOUT if column in frame]].copy()
    for k in top_k:
        for metric in (f"{name}@{k}" for name in SHOWN):
            best = best_of(frame, metric, "query_fold")
            rows = zip(frame.to_dict("records"), best, strict=True)
            shown[metric] = [_cell(row, metric, is_best) for row, is_best in rows]
    return shown


def _cell(row: Mapping[Any, Any], metric: str, is_best: bool) -> str:
    study = beside_study(row, metric)
    if not row["n_queries"]:
        return f"missing{study}"
    low, high = row[f"{metric}_low"], row[f"{metric}_high"]
    spread = row.get(f"{metric}_std_seeds")
    over_seeds = f" ± {spread:.3f}" if pd.notna(spread) else ""
    spread = row.get(f"{metric}_std_orders")
    by_ties = f" ± {spread:.3f} by ties" if pd.notna(spread) else ""
    return f"{number(row[metric], is_best)}{over_seeds}{by_ties} [{low:.3f}, {high:.3f}]{study}"


def best_of(frame: pd.DataFrame, column: str, group: str) -> list[bool]:
    """Say which rows hold the largest value of their group, as it is printed.

    None is the best where all are alike, or where there is no other to compare with.

    Examples
    --------
    >>> frame = pd.DataFrame({"mrr@10": [0.5, 0.7, 0.9], "query_fold": ["5", "5", "1"]})
    >>> best_of(frame, "mrr@10", "query_fold")
    [False, True, False]
    """
    if column not in frame:
        return [False] * len(frame)
    values = frame[column].round(3)
    groups = values.groupby(frame[group])
    return list((values == groups.transform("max")) & (groups.transform("nunique") > 1))


def number(value: float, is_best: bool = False) -> str:
    """Return a figure with three digits, in bold when it is the best."""
    return emphasised(f"{value:.3f}", is_best)


def emphasised(text: str, is_bold: bool) -> str:
    """Return text that `write` sets in bold, or leaves as it is."""
    return f"{BOLD}{text}{PLAIN}" if is_bold else text


def beside_study(row: Mapping[Any, Any], metric: str) -> str:
    """Return the study's figure in brackets, and by how much ours is above it."""
    study, difference = row.get(f"published_{metric}"), row.get(f"difference_{metric}")
    if pd.isna(study):
        return ""
    return f" ({study:.3f})" if pd.isna(difference) else f" ({study:.3f}, {difference:+.3f})"


def has_study(frame: pd.DataFrame) -> bool:
    """Whether figures of the study's stand beside any of ours."""
    return any(str(c).startswith("published_") and c != "published_note" for c in frame)


def difference_lines(frame: pd.DataFrame) -> list[str]:
    """Say in what rows of a table differ from the study's, each once, and which where not all do.

    Rows are named by their network or, without one, by their feature.
    """
    if not has_study(frame):
        return []
    figures = [c for c in frame if str(c).startswith("published_") and c != "published_note"]
    rows = frame[frame[figures].notna().any(axis=1)].to_dict("records")
    names = [_name(row) for row in rows]
    differing: dict[str, list[str]] = {}
    for name, row in zip(names, rows, strict=True):
        for difference in filter(None, row["published_note"].split(published.BETWEEN)):
            differing.setdefault(difference, []).append(name)
    return [
        f"Not as in the study: {difference}{_listed(found) if len(found) < len(names) else ''}."
        for difference, found in differing.items()
    ]


def _name(row: Mapping[Any, Any]) -> str:
    network = row.get("network")
    if isinstance(network, str) and network:
        return network
    return re.sub(r"_\d+$", "", row["feature"])  # of a coefficient


def _listed(names: Iterable[str]) -> str:
    return f" ({', '.join(dict.fromkeys(names))})"


def shown_matrix(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the costs of spectrogram matrices in units that a reader compares."""
    shown = frame[["n_samples", "shape", "nonzeros"]].copy()
    for form in ("sparse", "dense"):
        shown[f"{form} memory"] = [_with_prefix(size, "B") for size in frame[f"{form}_bytes"]]
    for step in ("build", "sparse", "operator", "fft"):
        shown[f"{step} (ms)"] = [f"{1e3 * time:.3g}" for time in frame[f"seconds_{step}"]]
    shown["max_difference"] = [f"{difference:.1e}" for difference in frame["max_difference"]]
    return shown


def _with_prefix(value: float, unit: str) -> str:
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.3g} {prefix}{unit}"
    return f"{value:.3g} {unit}"


def matrix_caption(*, n_fft: int, hop_length: int, window: str, periodic: bool) -> str:
    """Say what the numbers of the table of spectrogram matrices are."""
    return (
        f"The two-sided spectrogram as a matrix in complex64: n_fft {n_fft}, hop {hop_length}, "
        f"{'periodic' if periodic else 'symmetric'} {window} window. Median times to "
        "build the sparse matrix, and to apply it, the matrix-free operator and the FFT of all "
        "frames to one sound; they depend on the machine and vary from run to run.\n"
        "max_difference is the largest difference between the sparse product and the FFT in "
        "float64, relative to the FFT's largest magnitude."
    )


def retrieval_caption(
    frame: pd.DataFrame,
    dataset: str,
    level: float,
    *,
    absent: Container[str] = (),
    notes: Iterable[str] = (),
) -> str:
    """Say what the numbers of a retrieval table are and how far they may be compared.

    `notes` are further lines; they tell why the networks of `absent` have no numbers.
    """
    protocol, n_queries = frame["protocol"].iloc[0], frame["n_queries"].max()
    lines = [
        f"Retrieval on {dataset}, protocol {protocol}, {n_queries} queries. Each cell: mean over "
        f"queries [{level:.0%} interval]{BESIDE if has_study(frame) else ''}. Bold marks the best "
        "value among rows tested on the same fold.",
    ]
    if any(frame[c].notna().any() for c in frame.columns if str(c).endswith("_std_seeds")):
        lines.append("± is the standard deviation over seeds; the mean is over all seeds.")
    if any(str(c).endswith("_std_orders") for c in frame.columns):
        lines.append(
            "± by ties is the standard deviation over random orders of clips at equal distance; "
            "the mean is over all these orders."
        )
    if "ties" in frame:
        share = f"{frame['ties'].max():.2%}"
        lines.append(
            f"In the row with most ties, {share} of the hits share their distance with another."
        )
    if "missing" in frame:
        lines += [
            f"Missing because the network was not trained (the table classification says why): "
            f"{row['network']} on {row['feature']}, {row['missing']}."
            for row in frame.to_dict("records")
            if row["missing"] and row["network"] not in absent
        ]
    lines += difference_lines(frame)
    lines += notes
    return "\n".join(lines)
