"""What becomes of temporaries, and what a file system refuses; more in test_store.py."""

import errno
import os
import subprocess
import sys

import pytest

from resound.errors import StoreError
from resound.files import replacing, write_text

DEAD = 2**22 + 1  # above the largest process id that Linux gives


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_temporaries_of_killed_processes_go_and_those_of_others_stay(tmp_path):
    stale = tmp_path / f".a.txt.{DEAD}.0123abcd.tmp"
    stale.mkdir()
    (stale / "part").touch()
    kept = [f".a.txt.{os.getpid()}.0123abcd.tmp", f".b.txt.{DEAD}.0123abcd.tmp", ".a.txt.tmp"]
    for name in kept:
        (tmp_path / name).touch()
    write_text(tmp_path / "a.txt", "new")
    assert names(tmp_path) == sorted([*kept, "a.txt"])


def test_what_a_killed_process_left_is_what_the_next_one_deletes(tmp_path):
    script = (
        "import os, pathlib, sys\n"
        "from resound.files import replacing\n"
        "with replacing(pathlib.Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    path = tmp_path / "a.txt"
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    (left,) = names(tmp_path)
    assert left.startswith(".a.txt.")
    write_text(path, "whole")
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        RuntimeError("I/O error: No space left on device (os error 28)"),
    ],
    ids=["errno", "words"],
)
def test_a_full_disk_is_told_whichever_library_finds_out(tmp_path, error):
    message = r"a\.txt: cannot be written \(No space left on device\); free some space"
    with pytest.raises(StoreError, match=message), replacing(tmp_path / "a.txt"):
        raise error
    assert names(tmp_path) == []


def test_another_error_stays_what_it_is(tmp_path):
    with pytest.raises(FileNotFoundError, match="elsewhere"), replacing(tmp_path / "a.txt"):
        (tmp_path / "elsewhere").read_text()
