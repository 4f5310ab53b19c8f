"""Locks that end with their process: real processes hold them and are killed."""

import logging
import os
import subprocess
import sys
from contextlib import contextmanager

import pytest
from snakemake.exceptions import LockException

from resound.errors import RunError
from resound.jobs.locks import LockNotice, Presence, unlock_command

HOLDER = """
import pathlib, sys
from resound.jobs.locks import Presence
presence = Presence(pathlib.Path(sys.argv[1]))
presence.claim(pathlib.Path(sys.argv[2]))
print("here", flush=True)
sys.stdin.read()
"""
UNLOCK = "snakemake --cores 2 --unlock"


@contextmanager
def run_in(folder, results):
    """Let another process be a run, and kill it at the end."""
    command = [sys.executable, "-c", HOLDER, str(folder), str(results)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "here\n"
        yield process
        process.kill()


@pytest.fixture
def lock(tmp_path):
    """Return a lock as Snakemake leaves it."""
    path = tmp_path / ".snakemake" / "locks" / "0.output.lock"
    path.parent.mkdir(parents=True)
    path.write_text("out/index/clips.csv\n")
    return path


def test_locks_of_a_killed_run_stay_and_the_command_that_deletes_them_is_told(tmp_path, lock):
    with run_in(tmp_path, tmp_path / "out"):
        pass
    with Presence(tmp_path) as presence:
        assert presence.others == []
        told = presence.of_locks(UNLOCK)
    assert "No run is alive in this folder: delete them by\n    " + UNLOCK + "\n" in told
    assert lock.exists()


def test_while_a_run_is_alive_nobody_is_told_to_unlock(tmp_path, lock):
    with run_in(tmp_path, tmp_path / "out") as first, Presence(tmp_path) as second:
        (other,) = second.others
        assert other.startswith(f"process {first.pid} on ")
        told = second.of_locks(UNLOCK)
    assert f"at work in this folder: {other}. Wait" in told
    assert UNLOCK not in told


def test_a_run_that_began_later_is_seen_too(tmp_path, lock):
    with Presence(tmp_path) as first, run_in(tmp_path, tmp_path / "out") as second:
        assert first.others == []
        told = first.of_locks(UNLOCK)
        assert f"at work in this folder: process {second.pid} on " in told
    assert f"process {os.getpid()} " not in told


def test_whoever_has_looked_shares_the_folder_again(tmp_path, lock):
    with Presence(tmp_path) as first:
        first.of_locks(UNLOCK)
        second = Presence(tmp_path)
        assert "Another run is at work" in second.of_locks(UNLOCK)
    with second, Presence(tmp_path) as third:
        assert "Another run is at work" in third.of_locks(UNLOCK)


def test_of_a_run_of_another_machine_it_is_told_that_nothing_is_known(tmp_path, lock):
    elsewhere = "process 7 on elsewhere since 2026"
    (tmp_path / ".snakemake" / "resound.lock").write_text(f"{elsewhere}\n")
    for _ in range(2):
        with Presence(tmp_path) as presence:
            told = presence.of_locks(UNLOCK)
            assert f"cannot be told whether it is alive: {elsewhere}. If you know" in told
            assert UNLOCK in told
    lock.unlink()
    with Presence(tmp_path) as presence:
        assert "No run is alive" in presence.of_locks(UNLOCK)


def test_where_no_lock_can_be_made_nothing_is_known(tmp_path):
    (tmp_path / ".snakemake").touch()
    with Presence(tmp_path) as presence:
        assert "cannot be told whether it is alive. If you know" in presence.of_locks(UNLOCK)


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["/bin/snakemake", "a b", "--cores", "2"], "/bin/snakemake 'a b' --cores 2 --unlock"),
        (["/lib/snakemake/__main__.py", "all"], f"{sys.executable} -m snakemake all --unlock"),
    ],
)
def test_the_command_that_unlocks_has_the_arguments_of_the_run(arguments, command):
    assert unlock_command(arguments) == command


def test_snakemake_s_error_is_replaced_and_nothing_else(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(sys, "argv", ["snakemake", "--cores", "2"])
    logger = logging.getLogger("of the locks")
    with Presence(tmp_path) as presence:
        logger.addFilter(notice := LockNotice(presence))
        logger.error(str(LockException()))
        logger.error("Error: something else, %s", "100 %")
        logger.removeFilter(notice)
    first, second = caplog.messages
    assert first.startswith("A killed run has left its locks")
    assert UNLOCK in first
    assert "Directory cannot be locked" not in first
    assert second == "Error: something else, 100 %"


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
