"""What README and docs/ show works as shown."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.shown_code import block_of, blocks

ROOT = Path(__file__).resolve().parents[2]


def written(project, part: str, *, module: str) -> None:
    """Write the module and the caption that a part of docs/extending.md shows."""
    code, caption = block_of(part, "rst")
    (project.folder / module).write_text(code)
    kind = part.split()[-1]
    (project.folder / f"workflow/report/{kind}_hard_classes.rst").write_text(caption)


def test_the_readme_s_library_example_runs(tmp_path):
    (example,) = blocks("README.md", "python")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(44, 13) ")
    assert "positions=array([0, 1])" in done.stdout
    assert (tmp_path / "sound.png").stat().st_size > 10_000


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
