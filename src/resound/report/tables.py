"""Tables as a person reads them: Markdown and LaTeX beside the CSV."""

from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from tabulate import tabulate

from resound import store
from resound.report import published

FORMATS = {".md": "github", ".tex": "latex_booktabs"}
SEARCH_CAPTION = (
    "What the exact search for the nearest clips left out, and the cells of the DTW matrices that "
    "it computed; the hits are those of the full matrix."
)
SHOWN = ("mrr", "ndcg_retrieved", "binary", "proportion")


def retrieval_table(
    rows: Iterable[Mapping[str, Any]], settings: Mapping[str, Mapping[str, int]], dataset: str
) -> pd.DataFrame:
    """Set the rows of a retrieval table beside the study's figures.

    Returns
    -------
    DataFrame
        The columns of `rows`, then ``published_mrr@10, ...`` and ``published_note``, which says
        where our protocol differs from the one behind the study's figures.
    """
    full = []
    for row in rows:
        study = published.beside(row, settings[row["setting"]])
        note = published.differences(row, dataset) if study else ""
        full.append({**row, **study, "published_note": note})
    frame = pd.DataFrame(full)
    studied = [c for c in frame.columns if c.startswith("published_") and c != "published_note"]
    ordered = [c for c in frame.columns if not c.startswith("published_")]
    return frame[[*ordered, *studied, "published_note"]]


def write(frame: pd.DataFrame, csv: store.AnyPath, shown: pd.DataFrame, caption: str) -> None:
    """Write a table as ``.csv``, and what is shown of it as ``.md`` and ``.tex`` beside it."""
    store.write_csv(frame, csv)
    for suffix, form in FORMATS.items():
        cells, header = shown.to_numpy(object).tolist(), list(shown.columns)
        text = tabulate(cells, header, tablefmt=form, floatfmt=".4g")
        comment = "".join(f"% {line}\n" for line in caption.splitlines())
        head = f"{caption}\n\n" if suffix == ".md" else comment
        store.write_text(Path(csv).with_suffix(suffix), f"{head}{text}\n")


def shown_retrieval(frame: pd.DataFrame, top_k: Sequence[int]) -> pd.DataFrame:
    """Return what a reader compares: each metric as ours with its interval, and the study's."""
    about = ("method", "network", "feature", "setting", "query_fold")
    shown = frame[[column for column in about if column in frame]].copy()
    for k in top_k:
        for metric in (f"{name}@{k}" for name in SHOWN):
            shown[metric] = [_cell(row, metric) for row in frame.to_dict("records")]
    return shown


def _cell(row: Mapping[Any, Any], metric: str) -> str:
    study = row.get(f"published_{metric}")
    beside = f" ({study:.3f})" if pd.notna(study) else ""
    if not row["n_queries"]:
        return f"missing{beside}"
    low, high = row[f"{metric}_low"], row[f"{metric}_high"]
    spread = row.get(f"{metric}_std_seeds")
    over_seeds = f" ± {spread:.3f}" if pd.notna(spread) else ""
    return f"{row[metric]:.3f}{over_seeds} [{low:.3f}, {high:.3f}]{beside}"


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
        "frames to one sound; they are this machine's and differ from run to run.\n"
        "max_difference: of the sparse product from the FFT in float64, relative to its peak."
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
        f"queries [{level:.0%} bootstrap interval] (the study's figure).",
    ]
    if any(frame[c].notna().any() for c in frame.columns if str(c).endswith("_std_seeds")):
        lines.append("±: standard deviation over seeds; the mean is of all seeds.")
    if "ties" in frame:
        share = f"{frame['ties'].max():.2%}"
        lines.append(f"Largest share of tied distances among the hits: {share}.")
    if "missing" in frame:
        lines += [
            f"Missing for want of a trained network, see the table classification: "
            f"{row['network']} on {row['feature']}, {row['missing']}."
            for row in frame.to_dict("records")
            if row["missing"] and row["network"] not in absent
        ]
    differences = sorted({note for note in frame["published_note"] if note})
    lines += [f"Not the study's protocol: {note}." for note in differences]
    lines += notes
    return "\n".join(lines)
