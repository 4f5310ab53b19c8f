"""The wheel in an environment that has nothing else, called from a folder that is no checkout."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from resound.data import synthetic

ROOT = Path(__file__).resolve().parents[2]


def done(*command, **options) -> str:
    """Return what a command prints; it must end well, and what it says otherwise is told."""
    ended = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=False, **options
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """Return an environment with the wheel, `search` and what they need, by the pins."""
    folder = tmp_path_factory.mktemp("wheel")
    # A copy: building leaves folders in the tree.
    listed = done("git", "-C", ROOT, "ls-files", "-z").split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/")):
            (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / "source" / name)
    done(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", folder, folder / "source")
    (wheel,) = folder.glob("resound-*.whl")
    done(sys.executable, "-m", "venv", folder / "environment")
    python = folder / "environment/bin/python"
    pins = ROOT / "envs/constraints.txt"
    done(python, "-m", "pip", "install", "--constraint", pins, f"{wheel}[search]")
    return folder / "environment"


@pytest.mark.slow
def test_the_wheel_finds_a_sound_in_a_folder_of_one_s_own(environment, tmp_path):
    synthetic.generate(tmp_path / "data", recordings=1, takes=1, sample_rate=16_000, seed=1)
    sounds = (tmp_path / "data/audio").rename(tmp_path / "sounds")
    clip = sorted(sounds.iterdir())[3]
    query = shutil.copy(clip, tmp_path / "bark.wav")
    home = {"HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"}
    (tmp_path / "away").mkdir()
    resound = environment / "bin/resound"
    printed = done(resound, "search", sounds, query, "--csv", cwd=tmp_path / "away", env=home)
    header, first, *_ = printed.splitlines()
    assert header == "rank,file,start,end,similarity"
    assert str(clip) in first
    assert list((tmp_path / "home/.cache/resound/indexes").iterdir())
