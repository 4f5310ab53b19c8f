"""What becomes of temporaries, and what a file system refuses; more in test_store.py."""

import errno
import os
import subprocess
import sys

import pytest

from resound.errors import StoreError
from resound.files import FEW_NAMES, absence, replacing, write_text

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


def beside(folder, asked: str, there: str = "") -> str:
    if there:
        (folder / there).touch()
    return absence(folder / asked)


@pytest.mark.trouble(
    "a file's name that differs by accents, case, a space or its ending",
    "missing, with the nearest name",
)
@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ("DOG.wav", "dog.wav"),
        ("dog.wav ", "dog.wav"),
        ("do\u200bg.wav", "dog.wav"),
        ("caf\u00e9.wav", "cafe\u0301.wav"),
        ("dog.wav", "dog.flac"),
        ("dgo.wav", "dog.wav"),
    ],
)
def test_of_a_missing_file_the_nearest_name_is_told(tmp_path, asked, there):
    told = f"there is no such file; the nearest name there is {there!r}"
    assert beside(tmp_path, asked, there) == told


def test_a_name_that_is_far_from_all_is_not_likened_to_one(tmp_path):
    assert beside(tmp_path, "rain.wav", "dog.flac") == "there is no such file"
    for number in range(FEW_NAMES):
        (tmp_path / f"1-{number:06d}-A-0.wav").touch()
    # Names of a data set are all alike, and one that is nearly the same is another clip.
    assert beside(tmp_path, "1-999999-A-0.wav") == "there is no such file"


@pytest.mark.trouble("a folder, pipe, device or link in the place of a file", "named as what it is")
def test_what_stands_in_the_place_of_a_file_is_told(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "clip.wav").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("gone.wav")
    (tmp_path / "circle").symlink_to("circle")
    assert beside(tmp_path, "folder") == "it is a folder"
    assert beside(tmp_path, "pipe") == "it is a pipe"
    assert absence("/dev/null") == "it is a device"
    assert beside(tmp_path, "link") == "it is a link to 'gone.wav', which is not there"
    assert "cannot be looked at (Too many levels" in beside(tmp_path, "circle")
    assert "cannot be looked at (Not a directory" in beside(tmp_path, "clip.wav/a")
    assert "cannot be looked at (File name too long" in beside(tmp_path, "a" * 300)
    assert "cannot be looked at (embedded null" in beside(tmp_path, "a\0b")
    folder = tmp_path / "none"
    assert beside(folder, "clip.wav") == f"there is no such file, nor a folder {str(folder)!r}"


def test_of_a_missing_folder_the_nearest_folder_is_told(tmp_path):
    (tmp_path / "Sounds").mkdir()
    (tmp_path / "sounds.csv").touch()
    told = "there is no such folder; the nearest name there is 'Sounds'"
    assert absence(tmp_path / "sounds", "folder") == told
    assert absence(tmp_path / "sounds.csv", "folder") == "it is a file"
