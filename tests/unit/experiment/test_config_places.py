"""Paths and names of a config that would be taken for something else."""

import copy
from pathlib import Path

import pytest
import yaml

from resound.errors import ConfigError
from resound.experiment.config import check, open_config

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
SHIPPED = yaml.safe_load((ROOT / "config.yaml").read_text())


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    """Enter an empty folder and return it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(text: str, files=()) -> str:
    """Return the fault of the shipped config with some YAML laid over it."""
    config = copy.deepcopy(SHIPPED)
    for key, value in yaml.safe_load(text).items():
        config[key] = {**config[key], **value} if isinstance(value, dict) else value
    with pytest.raises(ConfigError) as caught:
        check(config, SCHEMA, files)
    (fault,) = str(caught.value).splitlines()[1:]
    return fault.strip()


@pytest.mark.trouble(
    "a results_dir, data_root or name of a W&B project that cannot be",
    "refused before any job, with key and cause",
)
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("results_dir: 'o{x}'", "results_dir: 'o{x}' has { } in it, which Snakemake takes for"),
        ("results_dir: o<x", "results_dir: 'o<x' has < in it"),
        ('results_dir: "a\\nb"', r"results_dir: 'a\nb' has characters that cannot be seen"),
        ("results_dir: ./data//ESC-50/", "results_dir: './data//ESC-50/' is data_root too"),
        ("results_dir: $HOME/out", "results_dir: '$HOME/out' names a variable"),
        ("data_root: $HOME/data", "data_root: '$HOME/data' names a variable"),
        ("results_dir: file", "results_dir: 'file' is a file; name a folder"),
        ("results_dir:", "results_dir: is empty; write a text"),
        ("wandb: {project: team/a}", "wandb.project: 'team/a' has / in it"),
        ("wandb: {project: '50 %'}", "wandb.project: '50 %' has % in it"),
        ("wandb: {entity: a/b}", "wandb.entity: 'a/b' has / in it"),
        (f"wandb: {{project: {'a' * 129}}}", f"wandb.project: '{'a' * 129}' has 129 letters"),
        ("wandb: {project: ' '}", "wandb.project: ' ' is no name"),
    ],
)
def test_a_place_or_name_that_cannot_be_is_named(here, text, fault):
    (here / "file").touch()
    assert refused(text).startswith(fault)


@pytest.mark.trouble("a results_dir with spaces, `$`, `%`, quotes or accents", "taken as it is")
@pytest.mark.parametrize("name", ["a b", "50 $", "ö", "[x]", "o'u", "a%s", "-a"])
def test_all_other_names_are_taken(name):
    config = {**copy.deepcopy(SHIPPED), "results_dir": name}
    assert open_config(config, SCHEMA)["results_dir"] == name


@pytest.mark.trouble("braces and spaces in data_root", "taken as they are")
@pytest.mark.parametrize("name", ["a{b}", "a<b", "a b"])
def test_a_data_set_may_lie_in_any_folder(name):
    config = {**copy.deepcopy(SHIPPED), "data_root": name}
    assert open_config(config, SCHEMA)["data_root"] == name


@pytest.mark.trouble(
    "another spelling of data_root and results_dir: a slash at the end, `./`, `~`",
    "the same folder",
)
@pytest.mark.parametrize(
    ("named", "place"),
    [
        ("out/sl/", "out/sl"),
        ("./out", "out"),
        ("{here}/out//", "out"),
        ("{here}/../out", "{parent}/out"),
        ("~/out", "{parent}/home/out"),
        ("~out", "~out"),
    ],
)
def test_every_spelling_of_a_folder_is_one(here, monkeypatch, named, place):
    monkeypatch.setenv("HOME", str(here.parent / "home"))
    places = {"here": here, "parent": here.parent}
    for key in ("results_dir", "data_root"):
        config = {**copy.deepcopy(SHIPPED), key: named.format(**places)}
        assert open_config(config, SCHEMA)[key] == place.format(**places)


@pytest.mark.trouble(
    "`2024_01`, a date or `yes` where a name is meant",
    "refused as it is written, with file and line",
)
@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("2024_01", "2024_01 is read as 202401, which is no text; quote it: '2024_01'"),
        ("2024-01-02", "2024-01-02 is no text; quote it: '2024-01-02'"),
        ("12:30", "12:30 is read as 750, which is no text; quote it: '12:30'"),
        ("yes", "yes is read as True, which is no text; quote it: 'yes'"),
        ("7", "7 is no text; quote it: '7'"),
    ],
)
def test_a_text_that_yaml_reads_as_something_else_is_told_as_written(here, written, fault):
    own, shipped = here / "own.yaml", here / "shipped.yaml"
    own.write_text(f"# a comment\nresults_dir: {written}\nwandb: {{project: {written}}}\n")
    shipped.write_text("results_dir: results\n")
    # Snakemake names the files that are laid over the shipped one before it.
    files = [own, shipped]
    assert refused(f"results_dir: {written}", files) == f"results_dir: {fault} ({own}, line 2)"
    project = refused(f"wandb: {{project: {written}}}", files)
    assert project == f"wandb.project: {fault} ({own}, line 3)"


@pytest.mark.trouble("`--config results_dir=2024_01`", "refused, with the way to write it")
def test_a_number_of_the_command_line_is_told_as_that():
    told = refused("results_dir: 202401")
    assert told.startswith("results_dir: 202401 is no text; --config takes digits")
