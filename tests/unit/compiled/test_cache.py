import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import resound

NEEDED = ["__init__.py", "errors.py", "registry.py", "provenance.py", "compiled"]
MODULES = {
    "outer.py": """
from resound.inner import grown
from resound.compiled.cache import kernel

@kernel(["int64(int64)", "float64(float64)"])
def outer(x):
    return 10 * grown(x)
""",
    "inner.py": """
import numba
from resound.quiet import give_back
from resound.step import STEP

@numba.njit
def grown(x):
    return x + STEP
""",
    "quiet.py": """
DECIDES_NO_NUMBER = "It gives memory back."

def give_back(array):
    pass
""",
    "step.py": "STEP = 1\n",
}


@pytest.fixture
def package(tmp_path):
    """Return the folder of a small package whose kernel is made of three modules."""
    folder = tmp_path / "resound"
    folder.mkdir()
    for name in NEEDED:
        source = Path(resound.__file__).parent / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    for name, text in MODULES.items():
        (folder / name).write_text(text)
    return folder


def run(package):
    """Return the kernel's result in a new process, and whether it came from the cache."""
    code = "from resound.outer import outer; print(outer(2), len(outer.stats.cache_hits))"
    environment = os.environ | {"PYTHONPATH": str(package.parent)}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    result, hits = map(int, done.stdout.split())
    return result, hits > 0


def test_the_cache_sees_an_edit_of_whatever_a_kernel_is_made_of(package):
    assert run(package) == (30, False)
    (package / "step.py").write_text("# One step.\nSTEP = 1\n")
    assert run(package) == (30, True)
    (package / "quiet.py").write_text(MODULES["quiet.py"] + "ADDED = 1\n")
    assert run(package) == (30, True)
    (package / "step.py").write_text("STEP = 2\n")
    assert run(package) == (40, False)


def test_two_signatures_share_no_file_of_the_cache(package):
    run(package)
    indices = list(package.rglob("outer.outer*.nbi"))
    code = list(package.rglob("outer.outer*.nbc"))
    assert len(indices) == len(code) == 2
