"""The slurm profile on a real Slurm: the same tables, and faults that a run survives."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

from resound.searching.index import Index
from tests.slurm.cluster import Cluster, run, wait_for
from tests.slurm.conftest import CONFIG, read_tables, small_project
from tests.unit.searching.conftest import write_sounds
from tests.unit.searching.test_indexing import content
from tests.workflow.conftest import Project

pytestmark = pytest.mark.slurm

# Fifty clips need less patience than a cluster does.
QUICK = {
    "slurm": ("--slurm-init-seconds-before-status-checks", "1"),
    "cluster-generic": ("--seconds-between-status-checks", "1"),
}
AGAIN = ("out/tables/retrieval_dtw.csv", "--forcerun", "compute_distances")
DEADLINE = 600  # seconds, of a run that takes one or two minutes on an idle host


class SlurmRun:
    """The small experiment through a profile, in a process of its own."""

    def __init__(
        self, project: Project, *arguments: str, profile: str = "slurm", over: str = "spread.yaml"
    ) -> None:
        command = [
            *(sys.executable, "-m", "snakemake", *arguments, "--latency-wait", "10"),
            *("--workflow-profile", f"profiles/{profile}", *QUICK[profile]),
            *(*CONFIG, over),
        ]
        self.printed = project.folder / "printed.txt"
        with self.printed.open("w") as file:
            self.process = subprocess.Popen(
                command,
                cwd=project.folder,
                env={**os.environ, "PYTHONPATH": str(project.folder / "src")},
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> "SlurmRun":
        return self

    def __exit__(self, *_: object) -> None:
        """Stop a run that a failed test leaves behind."""
        self.process.kill()
        self.process.wait()

    def one_at_distances(self, slurm: Cluster) -> tuple[str, str]:
        """Wait for a job that computes distances; return its id and its node."""

        def found() -> dict[str, str]:
            assert self.process.poll() is None, self.printed.read_text()
            return slurm.running("compute_distances")

        return next(iter(wait_for("a job at distances", found, DEADLINE).items()))

    def finish(self) -> str:
        """Wait until the run has ended well, and return what it printed."""
        wait_for("the run's end", lambda: self.process.poll() is not None, DEADLINE)
        output = self.printed.read_text()
        assert self.process.returncode == 0, output
        return output


@pytest.fixture(scope="module")
def finished(slurm: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the project with the small experiment, run on Slurm."""
    project = small_project(tmp_path_factory.mktemp("cluster"))
    # What is made once goes to no other node, and would wait for the queue four times.
    prepared = ("out/index/splits/fold5.csv", "out/audio/sr16000/waveforms.npy")
    project.snakemake(*prepared, "--cores", "2", *CONFIG)
    with SlurmRun(project, "out/tables") as first:
        first.finish()
    return project


def test_a_cluster_makes_the_same_tables(finished, tables, report):
    """the experiment on a Slurm of two nodes, in two shards and two tiles"""
    assert read_tables(finished) == tables
    logs = finished.folder / "out/logs"
    assert len(list(logs.glob("build_feature_shard/**/*.log"))) == 2
    assert len(list(finished.folder.glob("out/distances/dtw/**/distances.npy"))) == 2
    report.write(tried=1, outcome="the tables of the run without a cluster")


def test_a_cancelled_job_is_tried_again(finished, slurm, tables, report):
    """a running job cancelled by scancel"""
    with SlurmRun(finished, *AGAIN) as second:
        job, _ = second.one_at_distances(slurm)
        run("scancel", job)
        output = second.finish()
    finished.match(f"SLURM-job '{job}' failed, SLURM status is: 'CANCELLED'", output)
    number = re.search(rf"Job (\d+) has been submitted with SLURM jobid {job} ", output)[1]
    jobs = re.findall(rf"Job {number} has been submitted with SLURM jobid (\d+) ", output)
    assert len(jobs) == 2, output
    assert slurm.memory_mb(jobs[1]) > 1.9 * slurm.memory_mb(job)
    assert read_tables(finished) == tables
    report.write(tried=1, outcome="submitted again with twice the memory; the same tables")


def test_the_jobs_of_a_node_that_dies_go_to_another(finished, slurm, tables, report):
    """a node killed while it ran a job"""
    with SlurmRun(finished, *AGAIN) as third:
        job, node = third.one_at_distances(slurm)
        wait_for("the rule's script", lambda: slurm.at_work(job, "compute_distances"), DEADLINE)
        slurm.kill_node(node)
        try:
            third.finish()
            assert slurm.restarts(job) == 1
        finally:
            slurm.start_node(node)
    assert read_tables(finished) == tables
    report.write(tried=1, outcome="the job went to the other node; the same tables")


def test_a_scheduler_without_a_plugin_makes_the_same_table(finished, slurm, tables, report):
    """the ranking again through a scheduler that is known by its commands alone"""
    target = "out/tables/retrieval_dtw.csv"
    again = (target, "--forcerun", "rank_gallery")
    with SlurmRun(finished, *again, profile="cluster-generic") as other:
        output = other.finish()
    finished.match(r"Submitted job \d+ with external jobid '\d+'", output)
    assert read_tables(finished) == tables
    report.write(tried=1, outcome="the same tables")


def test_a_corpus_is_indexed_by_jobs_of_the_cluster(slurm, tmp_path, report):
    """a folder of sounds, indexed in two shards"""
    project = small_project(tmp_path)
    write_sounds(project.folder / "sounds")
    with SlurmRun(project, "out/corpus", over="corpus.yaml") as indexing:
        indexing.finish()
    assert len(list((project.folder / "out/logs/index_shard").glob("*.log"))) == 2
    made = project.folder / "out/corpus"
    spread = made.rename(made.with_name("spread"))
    # Again as one shard, without a cluster.
    project.edit("corpus.yaml", "shards: 2", "shards: 1")
    project.snakemake("out/corpus", "--cores", "2", *CONFIG, "corpus.yaml")
    found, expected = content(Index(spread / "index")), content(Index(made / "index"))
    assert found.keys() == expected.keys()
    for place, vector in expected.items():
        np.testing.assert_array_equal(found[place], vector, err_msg=str(place))
    report.write(tried=1, outcome="the vectors of the run without a cluster")
