"""Locks that end with their process: real processes hold them and are killed."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import pytest

from resound.errors import RunError
from resound.jobs.locks import Presence

HOLDER = """
import json, pathlib, sys
from resound.jobs.locks import Presence
presence = Presence(pathlib.Path(sys.argv[1]))
presence.claim(pathlib.Path(sys.argv[2]))
print(json.dumps([str(path) for path in presence.cleared]), flush=True)
sys.stdin.read()
"""


@contextmanager
def run_in(folder, results):
    """Let another process be a run, and kill it at the end."""
    command = [sys.executable, "-c", HOLDER, str(folder), str(results)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        process.cleared = json.loads(process.stdout.readline())
        yield process
        process.kill()


@pytest.fixture
def lock(tmp_path):
    """Return a lock as Snakemake leaves it."""
    path = tmp_path / ".snakemake" / "locks" / "0.output.lock"
    path.parent.mkdir(parents=True)
    path.write_text("out/index/clips.csv\n")
    return path


def test_a_lock_of_a_killed_run_is_cleared(tmp_path, lock):
    with run_in(tmp_path, tmp_path / "out"):
        pass
    lock.write_text("out/index/clips.csv\n")
    with Presence(tmp_path) as presence:
        assert presence.cleared == [lock]
        assert presence.others == []
    assert not lock.exists()


def test_a_lock_stays_while_a_run_is_alive_in_the_folder(tmp_path, lock):
    with run_in(tmp_path, tmp_path / "out") as first:
        assert first.cleared == [str(lock)]
        lock.write_text("out/index/clips.csv\n")
        with Presence(tmp_path) as second:
            assert second.cleared == []
            (other,) = second.others
            assert other.startswith(f"process {first.pid} on ")
        assert lock.exists()


def test_a_lock_of_another_machine_stays(tmp_path, lock):
    (tmp_path / ".snakemake" / "resound.lock").write_text("process 7 on elsewhere since 2026\n")
    with Presence(tmp_path) as presence:
        assert presence.cleared == []
    assert lock.exists()


def test_results_are_for_one_run_alone(tmp_path):
    results = tmp_path / "out"
    with run_in(tmp_path, results) as first, Presence(tmp_path) as second:
        with pytest.raises(RunError, match=rf"out: another run .* {first.pid} on .*wait"):
            second.claim(results)
        second.claim(tmp_path / "others")
    with Presence(tmp_path) as third:
        third.claim(results)
        assert f"process {os.getpid()} on" in (results / ".run.lock").read_text()


def test_results_that_cannot_be_made_are_one_error(tmp_path):
    (tmp_path / "file").touch()
    with (
        Presence(tmp_path) as presence,
        pytest.raises(RunError, match=r"results_dir=\S*file/out cannot be written \(Not a dir"),
    ):
        presence.claim(tmp_path / "file" / "out")
