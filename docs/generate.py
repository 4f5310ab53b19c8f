"""Write what README.md and docs/ say by the code's and the results' own word.

    make docs

writes `docs/features.md` from the registry, the types of a config from its schema
(`resound/experiment/config_types.py`), the table of weights in `docs/encoders.md`,
`docs/dag.svg` from the workflow (needs graphviz), and, where their results stand, the parts of
`docs/esc50.md`, `docs/esc10.md` and README.md that tell of the measured experiments, and
`docs/reliability.md` and the table of `docs/data.md` from what the tests wrote down.
"""

import subprocess
import sys
from pathlib import Path

import config_types
import measured
import yaml
from reliability import handled_table, reliability_page, with_troubles
from tabulate import tabulate

from resound.experiment.weights import PUBLISHED
from resound.features.extraction import options_of
from resound.registry import FEATURES

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
# The experiments of workflow/configs that a page tells of, each with the table that it cannot lack.
MEASURED = {
    "esc50.md": {
        "esc50": "retrieval_cosine",
        "study": "retrieval_cosine",
        "esc50_grid": "classification",
        "esc50_encoders": "classification",
    },
    "esc10.md": {
        "esc10": "retrieval_cosine",
        "esc10_cv": "classification",
        "esc10_grid": "classification",
    },
}
# What docs/esc50.md tells besides, by its marks.
BESIDES = {
    "study rows": ("study", measured.study_rows, "retrieval_cosine"),
    "esc50 networks": ("esc50", measured.networks_from_scratch, "classification"),
    "encoders": ("esc50_encoders", measured.encoders, "classification"),
}
# What docs/ranking.md tells of experiments, by its marks.
RANKINGS = {
    name: (name, measured.rankings, "retrieval_ranking")
    for name in ("esc50_ranking", "esc50_ranking_encoders", "esc10_ranking")
}
# What docs/partial.md tells of experiments, by its marks.
PARTIAL = {
    name: (name, measured.partial_queries, "retrieval_partial")
    for name in ("esc50_partial", "esc10_partial")
}
# What docs/robustness.md tells of experiments, by its marks.
ROBUSTNESS = {
    f"{data}_{what}": (f"{data}_robustness", make, table)
    for data in ("esc10", "esc50")
    for what, make, table in (
        ("robustness", measured.robustness, "retrieval_robustness"),
        ("disturbed_classes", measured.disturbed_classes, "classification_robustness"),
        ("silent_tails", measured.silent_tails, "retrieval_silent_tails"),
    )
}
# What docs/classification.md tells of them.
CALIBRATION = {
    f"{data}_calibration": (f"{data}_robustness", measured.calibration, "calibration")
    for data in ("esc10", "esc50")
}
REPORTS = RESULTS / "reliability"
# Each of these is written by another command; the page tells of all of them or is left as it is.
TROUBLE_FOLDERS = ("data", "trouble")
REPORT_FOLDERS = ("fault", "input", "cluster", *TROUBLE_FOLDERS)
DATA_PAGE = ROOT / "docs" / "data.md"
FEATURES_PAGE = ROOT / "docs" / "features.md"
README = ROOT / "README.md"
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"
TYPES = ROOT / "src" / "resound" / "experiment" / "config_types.py"
ENCODERS_PAGE = ROOT / "docs" / "encoders.md"
RANKING_PAGE = ROOT / "docs" / "ranking.md"
PARTIAL_PAGE = ROOT / "docs" / "partial.md"
ROBUSTNESS_PAGE = ROOT / "docs" / "robustness.md"
CLASSIFICATION_PAGE = ROOT / "docs" / "classification.md"


def features_page() -> str:
    """Return the page of all features with their options and defaults."""
    rows = []
    for name in FEATURES:
        summary = (FEATURES[name].__doc__ or "").splitlines()[0].removeprefix("Return ")
        options = ", ".join(f"`{key}={value!r}`" for key, value in options_of(name).items())
        rows.append([f"`{name}`", summary, options])
    table = tabulate(rows, ["name", "what it is", "options and defaults"], tablefmt="github")
    return (
        "# Features\n\n"
        "Generated from the code by `make docs`. The options go under `features.<name>` in\n"
        "`config.yaml`, or as keywords to `resound.features.extract`; a docstring tells the\n"
        f"formula, the units and the source.\n\n{table}\n"
    )


def types_module() -> str:
    """Return the types of a config, written from its schema and laid out as all code is."""
    written = config_types.render(yaml.safe_load(SCHEMA.read_text()))
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(TYPES), "-"]
    done = subprocess.run(command, input=written, capture_output=True, text=True, check=True)
    return done.stdout


def dag_picture() -> str:
    """Return the graph of the rules as SVG."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "dot", "--cores", "1", "all"]
    graph = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    dot = graph[graph.index("digraph") :]
    return subprocess.run(
        ["dot", "-Tsvg"], input=dot, capture_output=True, text=True, check=True
    ).stdout


def encoders_page() -> str:
    """Return the page of encoders with the table of published weights filled in."""
    rows = [
        [
            f"`{entry.encoder}`",
            f"`{entry.file}`: {entry.title}",
            f"{entry.size:,}",
            f"`{entry.sha256}`",
            entry.licence,
            "<br>".join(
                f"`{source}` at `{revision}`" if revision else f"<{source}>"
                for source, revision in entry.sources
            ),
        ]
        for entry in PUBLISHED
    ]
    header = ["encoder", "file", "bytes", "sha256", "licence", "where"]
    table = tabulate(rows, header, tablefmt="github", disable_numparse=True)
    return measured.filled(ENCODERS_PAGE, {"weights": table})


def main() -> None:
    """Write every generated page."""
    FEATURES_PAGE.write_text(features_page())
    ENCODERS_PAGE.write_text(encoders_page())
    TYPES.write_text(types_module())
    (ROOT / "docs" / "dag.svg").write_text(dag_picture())
    write_reliability()
    for page, experiments in MEASURED.items():
        parts = {
            name: measured.part_of(RESULTS, name, measured.all_tables, table)
            for name, table in experiments.items()
        }
        if page == "esc50.md":
            parts |= {
                mark: measured.part_of(RESULTS, experiment, make, table)
                for mark, (experiment, make, table) in BESIDES.items()
            }
        path = ROOT / "docs" / page
        path.write_text(measured.filled(path, parts, measured.MISSING))
    pages = {
        RANKING_PAGE: RANKINGS,
        PARTIAL_PAGE: PARTIAL,
        ROBUSTNESS_PAGE: ROBUSTNESS,
        CLASSIFICATION_PAGE: CALIBRATION,
    }
    for path, asked in pages.items():
        parts = {mark: measured.part_of(RESULTS, *part) for mark, part in asked.items()}
        path.write_text(measured.filled(path, parts, measured.MISSING))
    README.write_text(measured.filled(README, readme_parts()))


def write_reliability() -> None:
    """Write the page of faults and inputs, as far as it can be told, and the table of odd data."""
    page = ROOT / "docs" / "reliability.md"
    if all((REPORTS / name).is_dir() for name in REPORT_FOLDERS):
        page.write_text(reliability_page(REPORTS))
    elif all((REPORTS / name).is_dir() for name in TROUBLE_FOLDERS):
        print(f"{REPORTS} is not whole: of docs/reliability.md public troubles are written alone")
        page.write_text(with_troubles(page.read_text(), REPORTS))
    else:
        print(f"{REPORTS} is not whole: docs/reliability.md stays as it is (CONTRIBUTING.md)")
    DATA_PAGE.write_text(measured.filled(DATA_PAGE, {"troubles": handled_table(REPORTS)}))


def readme_parts() -> dict[str, str | None]:
    """Return what README.md shows of the measured experiments, by its marks."""
    asked = {
        "esc50 retrieval": ("esc50", measured.retrieval_beside_study, "retrieval_cosine"),
        "study": ("study", measured.study_sentence, "retrieval_cosine"),
        "esc50 networks": ("esc50", measured.networks_from_scratch, "classification"),
        "encoders": ("esc50_encoders", measured.encoders_in_short, "classification"),
        "esc10 networks": ("esc10_cv", measured.networks, "classification"),
    }
    return {
        name: measured.part_of(RESULTS, experiment, make, table)
        for name, (experiment, make, table) in asked.items()
    }


if __name__ == "__main__":
    main()
