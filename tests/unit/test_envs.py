"""pip's constraints, conda's files and the package's metadata name the same things."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CONDA_NAMES = {
    "matplotlib-base": "matplotlib",
    "pysoundfile": "soundfile",
    "pytorch": "torch",
    "seaborn-base": "seaborn",
    "soxr-python": "soxr",
}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def pinned() -> dict[str, str]:
    lines = (ROOT / "envs/constraints.txt").read_text().splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {normal(name): version for name, version in pins}


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def names(requirements: list[str]) -> set[str]:
    return {normal(re.match(r"[\w.-]+", need)[0]) for need in requirements}


@pytest.mark.parametrize("file", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda p: p.name)
def test_conda_files_hold_the_constraints_versions(file, pinned):
    for need in yaml.safe_load(file.read_text())["dependencies"]:
        name, _, version = need.partition("=")
        if name not in ("python", "pip"):
            assert pinned[normal(CONDA_NAMES.get(name, name))] == version, need


@pytest.mark.parametrize(
    ("file", "extras"),
    [("core", []), ("train", ["train"]), ("encoders", ["train", "encoders"])],
)
def test_conda_s_files_have_all_that_the_package_needs_but_snakemake(project, file, extras):
    needs = yaml.safe_load((ROOT / f"envs/{file}.yaml").read_text())["dependencies"]
    has = {CONDA_NAMES.get(name, name) for name in (need.partition("=")[0] for need in needs)}
    needed = [*project["dependencies"]]
    needed += [need for extra in extras for need in project["optional-dependencies"][extra]]
    assert names(needed) - {"snakemake"} <= {normal(name) for name in has}


@pytest.mark.parametrize("file", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda p: p.stem)
def test_each_conda_file_puts_the_package_into_its_environment(file):
    script = file.with_name(f"{file.stem}.post-deploy.sh")
    assert "pip install --no-deps" in script.read_text()


def test_every_dependency_is_pinned(project, pinned):
    extras = [names(needs) for needs in project["optional-dependencies"].values()]
    assert names(project["dependencies"]).union(*extras) <= set(pinned)


def test_torch_is_pinned_and_what_breaks_it_is_not_there(pinned, project):
    assert pinned["torch"] == "2.13.0"
    assert not {"torchvision", "torchaudio", "timm"} & set(pinned)


def test_the_citation_has_the_package_s_version(project):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == project["version"]
