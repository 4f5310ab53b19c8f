"""The parts of README.md and docs/ that tell of measured experiments, from their tables.

A part stands in its page between the marks of its experiment. One whose results are not here stays
as it is, so that no page needs every experiment at once.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from tabulate import tabulate

from resound.experiment.coordinates import WAVEFORM, setting_of
from resound.experiment.weights import PUBLISHED
from resound.report.published import (
    VECTORS,
    accuracy_figures,
    retrieval_figures,
    study_setting,
)
from resound.report.study import reproduction, reproduction_text

ROOT = Path(__file__).resolve().parents[1]
RETRIEVAL = ("retrieval_dtw", "retrieval_cosine", "retrieval_embeddings", "retrieval_autoencoder")
README_METRICS = ("mrr@10", "ndcg_retrieved@10", "binary@10", "proportion@10")
SHORT_METRICS = ("mrr@10", "proportion@10")
# Written beside the results of an experiment when it is measured: the commit that measured it.
COMMIT = "commit.txt"
# Rows of README.md: what tells the classes, and what of the same network ranks clips.
ENCODERS = {
    "efficientat_finetuned": "efficientat_embedding",
    "efficientat_linear": "efficientat_frozen",
    "efficientat_zero_shot": "efficientat_zero_shot",
    "beats_finetuned": "beats_embedding",
    "clap_zero_shot": "clap_zero",
}
# What combines distances, by its folder of choices; stages whose costs are told.
WAYS = ("fusions", "two_stage")
STAGES = ("all", "proposing", "deciding")
GRIDS = {"esc10_grid": 10, "esc50_grid": 50}  # and how many classes they tell apart
MISSING = "Missing: not measured yet."
Part = Callable[[Path], str]


def filled(page: Path, parts: Mapping[str, str | None], missing: str = "") -> str:
    """Return a page with each part between its marks.

    None leaves what stands there, or puts `missing` where nothing does.
    """
    text = page.read_text()
    for name, part in parts.items():
        start, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        found = re.search(f"{re.escape(start)}\n.*?{re.escape(end)}", text, re.DOTALL)
        if found is None:
            raise SystemExit(f"{page} has no marks {start} and {end}: put them where the part goes")
        empty = not text[found.start() + len(start) : found.end() - len(end)].strip()
        part = missing if part is None and empty else part
        if part:
            text = text[: found.start()] + f"{start}\n\n{part}\n\n{end}" + text[found.end() :]
    return text


def part_of(results: Path, experiment: str, make: Part, table: str) -> str | None:
    """Return what `make` tells of an experiment's tables; None where it lacks the `table`."""
    tables = results / experiment / "tables"
    if not (tables / f"{table}.csv").is_file():
        print(f"{tables} has no {table}.csv: its part stays as it is")
        return None
    return make(tables)


def all_tables(tables: Path) -> str:
    """Return every table of an experiment as its Markdown file has it, below what it is of."""
    experiment = tables.parent.name
    record = tables.parent / COMMIT
    commit = f", measured at commit {record.read_text().strip()[:12]}" if record.is_file() else ""
    parts = [f"The config is `workflow/configs/{experiment}.yaml`{commit}."]
    parts += [accuracy_grid(tables, GRIDS[experiment])] if experiment in GRIDS else []
    paths = sorted(tables.glob("*.md"))
    return "\n\n".join([*parts, *(f"### {path.stem}\n\n{path.read_text()}" for path in paths)])


def accuracy_grid(tables: Path, n_classes: int) -> str:
    """Return the accuracy of every network on every feature of a grid, a row a feature."""
    cells = pd.read_csv(tables / "classification.csv")
    grid = cells.pivot_table("accuracy", "feature", "network", sort=False, dropna=False)
    rows = [
        [f"`{feature}`", *("missing" if pd.isna(v) else f"{v:.3f}" for v in row)]
        for feature, row in grid.iterrows()
    ]
    table = _github(rows, ["", *grid.columns])
    return f"Accuracy; chance is {1 / n_classes:.2g}:\n\n{table}"


def retrieval_beside_study(tables: Path) -> str:
    """Return each method, what it compares at its better setting and its metrics, best first.

    The study's figure stands in brackets, where it has one for that row.
    """
    there = (tables / f"{name}.csv" for name in RETRIEVAL)
    frame = pd.concat([pd.read_csv(path) for path in there if path.is_file()])
    network = frame.get("network", pd.Series("", index=frame.index)).fillna("")
    frame["compared"] = [
        f"{name} of {feature}" if name else feature
        for name, feature in zip(network, frame["feature"], strict=True)
    ]
    frame = frame.dropna(subset=["mrr@10"]).sort_values("mrr@10", ascending=False)
    best = frame.drop_duplicates(["method", "compared"])
    about = ("method", "compared", "setting")
    rows = [
        [*(row[name] for name in about), *(_beside(row, metric) for metric in README_METRICS)]
        for row in best.to_dict("records")
    ]
    return _github(rows, [*about, *README_METRICS])


def study_rows(tables: Path) -> str:
    """Return which rows of the study's come out, by the settings of the experiment's config."""
    configs = (ROOT / "config.yaml", ROOT / "workflow" / "configs" / f"{tables.parent.name}.yaml")
    stft = [
        s for path in configs for s in yaml.safe_load(path.read_text()).get("stft", {}).values()
    ]
    written = {setting_of(setting).name: study_setting(setting) for setting in stft}
    written |= {
        setting_of(setting).unframed.name: study_setting({"sample_rate": setting["sample_rate"]})
        for setting in stft
    }
    frames = [pd.read_csv(path) for path in sorted(tables.glob("retrieval_*.csv"))]
    return reproduction_text(reproduction(frames, written))


def study_sentence(tables: Path) -> str:
    """Return how many rows of the study's come out."""
    return study_rows(tables).splitlines()[0]


def networks_from_scratch(tables: Path) -> str:
    """Return `networks` with what they are, and which of the config's are not measured yet."""
    told = networks(tables)
    asked = yaml.safe_load((ROOT / "config.yaml").read_text())["classification"]["networks"]
    lacking = ", ".join(f"`{name}`" for name in asked if f"| `{name}` " not in told)
    return (
        "Networks trained from scratch on ESC-50's mel spectrogram, tested on fold 5; in brackets "
        f"the study's, whose\n`resnet18` had learned from ImageNet:\n\n{told}"
        + (f"\n\nMissing, not measured yet: {lacking}." if lacking else "")
    )


def networks(tables: Path) -> str:
    """Return what each network reached, over all folds where there are several, best first."""
    frame = pd.read_csv(tables / "classification.csv", dtype={"test_fold": str})
    whole = frame[frame["test_fold"] == "all"]
    frame = (whole if len(whole) else frame).dropna(subset=["accuracy"])
    rows = [
        [
            f"`{row['network']}`",
            f"{row['accuracy']:.1%} [{row['accuracy_low']:.1%}, {row['accuracy_high']:.1%}]"
            + _study_share(row),
            "" if pd.isna(row["accuracy_std_folds"]) else f"{row['accuracy_std_folds']:.1%}",
            f"{row['macro_f1']:.3f}",
            f"{row['parameters']:,.0f}",
            f"{row['train_seconds'] / 60:.1f}",
        ]
        for row in frame.sort_values("accuracy", ascending=False).to_dict("records")
    ]
    header = ["network", "accuracy", "spread of folds", "macro F1", "parameters", "minutes a fold"]
    return _github(rows, header)


def encoders(tables: Path) -> str:
    """Return what is told and found by encoders, the study's BEATs and CLAP among them."""
    told = pd.read_csv(tables / "classification.csv", dtype={"test_fold": str})
    found = pd.concat([pd.read_csv(path) for path in sorted(tables.glob("retrieval_*.csv"))])
    return (
        f"Accuracy on ESC-50:\n\n{_classes_beside_study(told)}\n\nRetrieval on ESC-50, 400 queries "
        f"of fold 5 against the 1600 clips of folds 1 to 4:\n\n{_hits_beside_study(found)}"
    )


def encoders_in_short(tables: Path) -> str:
    """Return the rows of `ENCODERS`, ours and the study's, best first."""
    told = pd.read_csv(tables / "classification.csv", dtype={"test_fold": str})
    shares = told[told["test_fold"] == "5"].set_index("network")["accuracy"].to_dict()
    found = pd.concat([pd.read_csv(path) for path in sorted(tables.glob("retrieval_*.csv"))])
    ours = found[found["method"] == "cosine"].set_index("network").to_dict("index")
    study = {name: figures for (name, *_), figures in retrieval_figures().items()}
    rows = []
    for name, row in ENCODERS.items():
        published = accuracy_figures().get((name, WAVEFORM))
        share, figures = (
            (shares.get(name), ours.get(row, {}))
            if published is None
            else (published, study.get(row, {}))
        )
        of = f"`{name}`" + ("" if published is None else ", the study's")
        if share is not None:
            rows.append([of, _size(name), f"{share:.2%}", *map(figures.get, SHORT_METRICS)])
    return _github(
        _best_first(rows, 3, "{:.3f}"), ["", "MB of weights", "accuracy", *SHORT_METRICS]
    )


def rankings(tables: Path) -> str:
    """Return the rows of rankings without a label, what was chosen, and all that was tried."""
    found = pd.concat([pd.read_csv(path) for path in sorted(tables.glob("retrieval_*.csv"))])
    found = found.sort_values("proportion@10", ascending=False)
    metrics = ("mrr@10", "proportion@10", "binary@10", "ndcg@10")
    rows = [
        [
            f"`{row['method']}`",
            row["feature"] if pd.isna(row.get("network")) else f"`{row['network']}`",
            *(f"{row[m]:.4f} {_interval(row, m)}" for m in metrics),
        ]
        for row in found.to_dict("records")
    ]
    header = ["ranked by", "of", *metrics]
    choices = [p for of in WAYS for p in sorted(tables.parent.glob(f"{of}/*/*/choice.json"))]
    told = f"{_measured_at(tables)}In brackets intervals at 95 %."
    parts = [told, _github(rows, header), *_costs(found), *map(_tried, choices)]
    return "\n\n".join(parts)


def partial_queries(tables: Path) -> str:
    """Return what whole clips and parts of them find, and which share of the figures is left."""
    found = pd.read_csv(tables / "retrieval_partial.csv")
    rows = [
        [
            f"`{row['method']}`",
            row["feature"] if pd.isna(row.get("network")) else f"`{row['network']}`",
            "whole" if pd.isna(row["seconds"]) else f"{row['seconds']:g} s",
            *(cell for m in SHORT_METRICS for cell in (f"{row[m]:z.3f} {_interval(row, m)}",
                                                       _left(row, m))),
        ]
        for row in found.to_dict("records")
    ]  # fmt: skip
    header = ["ranked by", "of", "query", *(cell for m in SHORT_METRICS for cell in (m, "left"))]
    told = f"{_measured_at(tables)}In brackets intervals at 95 %."
    return f"{told}\n\n{_github(rows, header)}"


def robustness(tables: Path) -> str:
    """Return what disturbed queries find, a row a condition, a column a method."""
    found = pd.read_csv(tables / "retrieval_robustness.csv")
    about = found[["method", "network", "feature"]].fillna("").to_dict("records")
    found["name"] = [f"`{row['method']}` {row['network'] or row['feature']}" for row in about]
    names = list(dict.fromkeys(found["name"]))
    parts = [f"{_measured_at(tables)}In brackets the share left of clean queries' figure."]
    for metric in SHORT_METRICS:
        cells = {
            (row["query"], row["name"]): f"{row[metric]:.3f}"
            + (f" ({row[f'left_{metric}']:.0%})" if pd.notna(row[f"left_{metric}"]) else "")
            for row in found.to_dict("records")
        }
        queries = dict.fromkeys(found["query"])
        rows = [[query, *(cells[query, name] for name in names)] for query in queries]
        parts.append(_github(rows, [f"{metric} of", *names]))
    return "\n\n".join(parts)


def disturbed_classes(tables: Path) -> str:
    """Return how disturbed clips are classified, a row a condition, a column a classifier."""
    found = pd.read_csv(tables / "classification_robustness.csv")
    names = list(dict.fromkeys(found["network"]))
    cells = {
        (row["query"], row["network"]): f"{row['accuracy']:.3f}"
        + (f" ({row['left_accuracy']:.0%})" if pd.notna(row["left_accuracy"]) else "")
        for row in found.to_dict("records")
    }
    queries = dict.fromkeys(found["query"])
    rows = [[query, *(cells[query, name] for name in names)] for query in queries]
    told = f"{_measured_at(tables)}In brackets the share left of clean clips' figure."
    return f"{told}\n\n{_github(rows, ['accuracy of', *(f'`{name}`' for name in names)])}"


def silent_tails(tables: Path) -> str:
    """Return what clips with and without a silent tail find, and the difference within classes."""
    parts = [f"{_measured_at(tables)}In brackets intervals at 95 %."]
    asked = {"retrieval_silent_tails": SHORT_METRICS, "classification_silent_tails": ("accuracy",)}
    for name, metrics in asked.items():
        found = pd.read_csv(tables / f"{name}.csv")
        rows = [
            [
                f"`{row['method']}`" if "method" in row else "classes",
                row["feature"] if pd.isna(row.get("network")) else f"`{row['network']}`",
                row["query"],
                f"{row['n_queries']:.0f}",
                *("" if pd.isna(row[m]) else f"{row[m]:z.3f} {_interval(row, m)}" for m in metrics),
            ]
            for row in found.to_dict("records")
        ]
        parts.append(_github(rows, ["by", "of", "clips", "n", *metrics]))
    return "\n\n".join(parts)


def calibration(tables: Path) -> str:
    """Return how sure classifiers are, as trained and at the temperature."""
    found = pd.read_csv(tables / "calibration.csv")
    columns = ["accuracy", "nll", "brier", "ece"]
    columns += ["temperature", "nll_scaled", "brier_scaled", "ece_scaled"]
    rows = [
        [
            f"`{row['network']}`",
            row["test_fold"],
            *("" if pd.isna(row[name]) else f"{row[name]:.3f}" for name in columns),
        ]
        for row in found.to_dict("records")
    ]
    names = ["accuracy", "nll", "brier", "ece", "T", "nll at T", "brier at T", "ece at T"]
    return f"{_measured_at(tables)}\n\n{_github(rows, ['classifier', 'test fold', *names])}"


def _left(row: Mapping[str, Any], metric: str) -> str:
    share, low, high = (row[f"left_{metric}{end}"] for end in ("", "_low", "_high"))
    return "" if pd.isna(share) else f"{share:.0%} [{low:.0%}, {high:.0%}]"


def _interval(row: Mapping[str, Any], metric: str) -> str:
    return f"[{row[f'{metric}_low']:z.3f}, {row[f'{metric}_high']:z.3f}]"


def _measured_at(tables: Path) -> str:
    record = tables.parent / COMMIT
    return f"Measured at commit {record.read_text().strip()[:12]}. " if record.is_file() else ""


def _costs(found: pd.DataFrame) -> list[str]:
    """Return what two-stage searches compared and took, beside all pairs; nothing without them."""
    if "cpu_seconds_deciding" not in found:
        return []
    timed = found.dropna(subset=["cpu_seconds"]).sort_values("cpu_seconds")
    rows = [
        [
            f"`{row['method']}`",
            row["feature"],
            *(
                "" if pd.isna(row[f"pairs_{stage}"]) else f"{row[f'pairs_{stage}']:,.0f}"
                for stage in STAGES
            ),
            f"{row['cpu_seconds']:.3g}",
        ]
        for row in timed.to_dict("records")
    ]
    header = ["ranked by", "of", "all pairs", "pairs proposed from", "pairs decided", "CPU seconds"]
    return [
        f"Distances of all queries, with the proposals of two stages:\n\n{_github(rows, header)}"
    ]


def _tried(path: Path) -> str:
    """Return what was chosen by a fusion or for two stages, and what each candidate reached."""
    told = json.loads(path.read_text())
    candidates = pd.read_csv(path.with_name("candidates.csv"), dtype={"weights": str})
    candidates = candidates.sort_values("mean", ascending=False, kind="stable")
    columns = [name for name in candidates if len({*candidates[name]}) > 1 or name == "mean"]
    rows = [
        [f"{value:.4f}" if name.startswith(("fold", "mean")) else str(value)
         for name, value in row.items()]
        for row in candidates[columns].to_dict("records")
    ]  # fmt: skip
    name = path.parent.parent.name
    about = f"`{name}`: {told['by']} of the gallery's folds, each asking the others, best first:"
    return f"{about}\n\n{_github(rows, columns)}"


def _classes_beside_study(told: pd.DataFrame) -> str:
    whole_rows = told[told["missing"].isna()]
    shares = whole_rows.pivot_table("accuracy", "network", "test_fold").to_dict("index")
    rows = [[f"`{name}`", _size(name), of.get("5"), of.get("all")] for name, of in shares.items()]
    whole = accuracy_figures(all_folds=True)
    rows += [
        [f"`{name}`, the study's", _size(name), share, whole.get((name, feature))]
        for (name, feature), share in accuracy_figures().items()
        if feature == WAVEFORM
    ]
    header = ["told by", "MB of weights", "fold 5", "clips of all folds"]
    return _github(_best_first(rows, 2, "{:.2%}"), header)


def _hits_beside_study(found: pd.DataFrame) -> str:
    rows = [
        [f"`{row['network']}`", row["vector"], row["method"], *(row[m] for m in README_METRICS)]
        for row in found.dropna(subset=list(README_METRICS)).to_dict("records")
    ]
    rows += [
        [f"`{name}`, the study's", VECTORS[name], "cosine", *map(figures.get, README_METRICS)]
        for (name, feature, _), figures in retrieval_figures().items()
        if feature == WAVEFORM
    ]
    header = ["ranked by", "vector", "distance", *README_METRICS]
    return _github(_best_first(rows, 3, "{:.4f}"), header)


def _size(name: str) -> str:
    """Return how many MB the published weights are on which a row of this name stands."""
    sizes = {entry.encoder: entry.size for entry in reversed(PUBLISHED)}
    return f"{next(sizes[encoder] for encoder in sizes if name.startswith(encoder)) / 1e6:.0f}"


def _best_first(rows: list[list[Any]], n_names: int, form: str) -> list[list[str]]:
    """Return rows by the first figure behind their names, each figure in a form."""
    return [
        [
            *row[:n_names],
            *("" if pd.isna(figure) else form.format(figure) for figure in row[n_names:]),
        ]
        for row in sorted(rows, key=lambda row: row[n_names] or 0.0, reverse=True)
    ]


def _beside(row: Mapping[str, object], metric: str) -> str:
    study = row.get(f"published_{metric}")
    return f"{row[metric]:.3f}" + ("" if pd.isna(study) else f" ({study:.3f})")


def _study_share(row: Mapping[str, object]) -> str:
    study = row.get("published_accuracy")
    return "" if pd.isna(study) else f" ({study:.1%})"


def _github(rows: list[list[str]], header: list[str]) -> str:
    return tabulate(rows, header, tablefmt="github", disable_numparse=True)
