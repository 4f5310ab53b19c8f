"""What README and docs/ show works as shown."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("python", "yaml")
SMALL_TRAININGS = str(ROOT / "tests/unit/training")


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)


def block_of(part: str) -> tuple[str, str]:
    """Return the Python and the YAML of one part of docs/extending.md."""
    text = (ROOT / "docs/extending.md").read_text()
    (section,) = re.findall(rf"^## {part}: one file.*?\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    found = [re.findall(rf"^```{name}\n(.*?)^```", section, re.M | re.S) for name in CODE]
    return found[0][0], found[1][0]


def written(project, part: str, *, module: str) -> None:
    """Write the module and the caption that a part of docs/extending.md shows."""
    text = (ROOT / "docs/extending.md").read_text()
    (section,) = re.findall(rf"^## {part}: one file.*?\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    code, caption = (
        re.findall(rf"^```{name}\n(.*?)^```", section, re.M | re.S)[0] for name in ("python", "rst")
    )
    (project.folder / module).write_text(code)
    kind = part.split()[-1]
    (project.folder / f"workflow/report/{kind}_hard_classes.rst").write_text(caption)


def test_the_readme_s_library_example_runs():
    (example,) = blocks("README.md", "python")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(44, 13) ")


def test_the_page_of_the_matrix_says_what_is_true():
    (example,) = blocks("docs/matrix.md", "python")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example], capture_output=True, text=True, check=False
    )
    assert done.stdout == "True\nTrue\n", done.stderr


def test_a_feature_and_a_distance_are_one_file_and_one_line_each(project):
    feature, distance, *_ = blocks("docs/extending.md", "python")
    feature_line, _, distance_line, *_ = blocks("docs/extending.md", "yaml")
    (project.folder / "src/resound/features/zero_crossings.py").write_text(feature)
    (project.folder / "src/resound/distances/manhattan.py").write_text(distance)
    project.edit("config.yaml", "\nfeatures:", "\nfeatures:\n" + feature_line.rstrip() + "\n#")
    project.edit("config.yaml", "  distances:", "  distances:\n" + distance_line.rstrip() + "\n#")
    table = "{distance: manhattan, features: [zero_crossings], stft: [16k]}"
    project.edit("config.yaml", "  tables:", f"  tables:\n    retrieval_mine: {table}\n#")
    target = "out/tables/retrieval_mine.csv"
    project.snakemake(target, "--cores", "2", "--configfile", "tiny.yaml")
    made = pd.read_csv(project.folder / target)
    assert made["feature"].tolist() == ["zero_crossings"]
    assert made["method"].tolist() == ["manhattan"]
    assert made["mrr@10"].item() > 0.2


def test_a_network_is_one_file_and_one_line(copied):
    network, line = block_of("A network")
    (copied.folder / "src/resound/models/band_mlp.py").write_text(network)
    copied.edit("config.yaml", "\nnetworks:", "\nnetworks:\n" + line.rstrip() + "\n#")
    copied.edit("tiny.yaml", "networks: [cnn]", "networks: [band_mlp]")
    target = "out/tables/classification.csv"
    copied.snakemake(target, "--configfile", "tiny.yaml")
    made = pd.read_csv(copied.folder / target)
    assert made["network"].tolist() == ["band_mlp"]
    assert made["parameters"].item() == 256 * 64 + 64 + 64 * 10 + 10
    assert made["accuracy"].item() >= 0


def test_a_table_and_a_figure_are_one_file_each(copied):
    written(copied, "A table", module="src/resound/report/hard_classes.py")
    written(copied, "A figure", module="src/resound/plots/hard_classes.py")
    copied.edit("config.yaml", "show: [matrix", "show: [hard_classes, matrix")
    assert copied.stale() == {"make_hard_classes_table": 1, "plot_hard_classes": 1}
    page = "out/report/index.html"
    copied.snakemake("out/tables", "out/figures", page, "--configfile", "tiny.yaml")
    made = pd.read_csv(copied.folder / "out/tables/hard_classes.csv")
    assert len(made) == 10
    assert made["mrr@10"].is_monotonic_increasing
    assert (copied.folder / "out/tables/hard_classes.tex").is_file()
    assert (copied.folder / "out/figures/hard_classes.svg").is_file()
    html = (copied.folder / page).read_text()
    assert 'id="table-hard_classes"' in html
    assert 'id="figure-hard_classes"' in html


TRAINED = """
import yaml
from resound.experiment import config

mine = yaml.safe_load(open("config.yaml"))
config.check(mine, yaml.safe_load(open("workflow/schemas/config.schema.yaml")))
{training}
print(outcome.record["outcome"], len(outcome.predictions), outcome.history["epoch"].max())
"""
WITH_THE_HEAD = """
from small_finetuning import SPEC, encoder, make_clips
from resound.training.finetuning import finetune

head = SPEC["head"] | {"name": mine["finetune"]["heads"]["beats"]}
outcome = finetune(encoder(), *make_clips(), SPEC | {"head": head})
assert "head.gate.weight" in outcome.network.trained_tensors()
"""


def trained(project, training: str) -> str:
    """Return what a training prints that is run by the package of a copy."""
    done = subprocess.run(
        [sys.executable, "-c", TRAINED.format(training=training)],
        cwd=project.folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([f"{project.folder}/src", str(ROOT), SMALL_TRAININGS]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_loss_is_one_file_and_one_line(copied):
    loss, line = block_of("A loss")
    (copied.folder / "src/resound/training/losses/center.py").write_text(loss)
    copied.edit("config.yaml", "  losses: [cross_entropy]", f"{line}  losses: [center]")
    table, page = "out/tables/classification.csv", "out/report/index.html"
    copied.snakemake(table, page, "--configfile", "tiny.yaml")
    made = pd.read_csv(copied.folder / table)
    assert made["network"].tolist() == ["cnn_center"]
    assert made["n_trainings"].tolist() == [1]
    assert "cnn_center" in (copied.folder / page).read_text()


def test_a_head_is_one_file_and_one_line(project):
    head, line = block_of("A head")
    (project.folder / "src/resound/encoders/heads/gated.py").write_text(head)
    project.edit(
        "config.yaml",
        "  heads: {beats: adapter, clap: mlp, ast: mlp, efficientat: mlp}",
        line.rstrip(),
    )
    assert trained(project, WITH_THE_HEAD) == "trained 6 2\n"


@pytest.mark.parametrize(
    ("file", "made"),
    [
        ("docs/features.md", "features_page"),
        ("docs/encoders.md", "encoders_page"),
        ("src/resound/experiment/config_types.py", "types_module"),
    ],
)
def test_what_is_generated_is_what_the_code_says(file, made):
    shown = (ROOT / file).read_text()
    command = f"import generate; print(generate.{made}(), end='')"
    now = subprocess.run(
        [sys.executable, "-c", command],
        cwd=ROOT / "docs",
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown == now.stdout, "run `make docs`"
