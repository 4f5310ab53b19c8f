"""A job that fails says what is wrong; neither it nor a dry run lists what it reads."""

import csv
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("workflow")

ROOT = Path(__file__).resolve().parents[2]
N_CLIPS = 2000
CONFIG = """
dataset: folder
data_root: mine
retrieval: {protocol: leave_one_out}
"""
LINES, CHARACTERS, HANDFUL = 60, 600, 5


@pytest.fixture
def mine(project):
    """Return the project with the whole grid to do on 2000 clips that are no audio."""
    (project.folder / "mine/audio").mkdir(parents=True)
    (project.folder / "mine/meta").mkdir()
    for i in range(N_CLIPS):
        (project.folder / f"mine/audio/clip{i:04d}.wav").write_bytes(b"RIFF")
    write(
        project,
        [{"filename": f"clip{i:04d}.wav", "category": f"c{i % 50}"} for i in range(N_CLIPS)],
    )
    (project.folder / "mine.yaml").write_text(CONFIG)
    return project


def write(project, rows) -> None:
    with (project.folder / "mine/meta/mine.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def failure(project, *arguments: str) -> str:
    """Return the output of a run that fails."""
    options = ("--cores", "2", "--configfile", "mine.yaml", *arguments)
    return project.snakemake("results/tables", *options, check=False)


def assert_short(output: str) -> None:
    lines = output.splitlines()
    assert len(lines) < LINES, output
    assert max(map(len, lines)) < CHARACTERS, output
    assert output.count("clip0") + output.count("clip1") <= HANDFUL, output


def test_of_broken_clips_a_handful_is_told_and_all_are_listed(mine):
    output = failure(mine)
    assert_short(output)
    mine.match(r"2000 of 2000 audio files cannot be used:\n.*clip0000\.wav: ", output)
    mine.match(r"all 2000 are in results/logs/build_index\.details\.txt", output)
    listed = (mine.folder / "results/logs/build_index.details.txt").read_text().splitlines()
    assert [f"clip{i:04d}.wav" in line for i, line in enumerate(listed)] == [True] * N_CLIPS


def test_of_a_wrong_csv_a_handful_is_told(mine):
    rows = [{"filename": f"clip{i:04d}.wav", "category": "c", "fold": "x"} for i in range(N_CLIPS)]
    write(mine, rows)
    output = failure(mine)
    assert_short(output)
    mine.match(r"mine\.csv: 2000 faults:\n  line 2: fold='x'", output)


def test_a_wrong_data_root_is_told_at_once(mine):
    output = failure(mine, "--config", "data_root=theirs")
    assert_short(output)
    mine.match("data_root=theirs is not a folder", output)


def test_a_dry_run_names_no_clip(mine):
    plan = mine.snakemake("results/tables", "--dry-run", "--configfile", "mine.yaml")
    assert "clip0" not in plan
    assert mine.jobs(plan)["build_index"] == 1


def test_a_dry_run_says_how_long_and_which_part_of_it_trainings_are(project):
    plan = project.snakemake("results/tables", "--dry-run")
    told = r"On two cores about 11 h: 11 h for 35 trainings, \d+ min for \d+ other jobs\."
    project.match(told + r"\nWithout trainings: `classification: {features: \[\]}` and", plan)
    said = plan.rpartition("On two cores")[2].partition("\n\n")[0]
    assert f"On two cores{said}" in (ROOT / "README.md").read_text()
    (project.folder / "none.yaml").write_text(
        "classification: {features: []}\nautoencoder: {code_sizes: []}\n"
    )
    plan = project.snakemake("results/tables", "--dry-run", "--configfile", "none.yaml")
    project.match(r"On two cores about \d+ min: \d+ min for \d+ other jobs\.", plan)
    assert "training" not in plan.partition("On two cores")[2].partition("\n\n")[0]


def test_what_is_there_takes_no_time(restored):
    assert "On two cores" not in restored.run("--dry-run")
    restored.edit("config.yaml", "learning_rate: 0.002", "learning_rate: 0.003")
    restored.match("for 1 training, ", restored.run("--dry-run"))
