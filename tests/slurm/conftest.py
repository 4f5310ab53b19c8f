"""A Slurm cluster on this host for the tests of one session, and the experiment run without it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability import Report, report_of
from tests.slurm import cluster
from tests.workflow.conftest import Project

HERE = Path(__file__).parent
CONFIG = ("--configfile", "small.yaml")


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[cluster.Cluster]:
    """Start a cluster of two nodes, and stop it when the session ends."""
    if os.geteuid() != 0:
        pytest.skip("starting slurmctld, slurmd and munge needs root")
    cluster.install()
    started = cluster.Cluster(tmp_path_factory.mktemp("slurm"))
    try:
        started.start()
        yield started
    finally:
        started.stop()


def small_project(folder: Path) -> Project:
    """Return a copy of the project with the small experiment."""
    project = Project.fresh(folder)
    for config in HERE.glob("*.yaml"):
        shutil.copy2(config, project.folder / config.name)
    return project


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the tables of the small experiment run by itself: no cluster, one tile, one shard."""
    project = small_project(tmp_path_factory.mktemp("local"))
    project.snakemake("out/tables", "--cores", "2", *CONFIG)
    return read_tables(project)


def read_tables(project: Project) -> dict[str, bytes]:
    """Return the bytes of all tables, none of which holds a time."""
    folder = project.folder / "out/tables"
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """Return what tells the page of reliability about the test."""
    return report_of(request, "cluster")
