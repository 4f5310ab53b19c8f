import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import resound
from resound.compiled.cache import kernel

NEEDED = ["__init__.py", "errors.py", "files.py", "registry.py", "provenance.py", "compiled"]
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


def run(package, argument="2", **variables):
    """Return the kernel's result in a new process, and whether it came from the cache."""
    stats = "outer.dispatcher.stats"
    code = f"from resound.outer import outer; print(outer({argument}), len({stats}.cache_hits))"
    environment = os.environ | {"PYTHONPATH": str(package.parent)} | variables
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    result, hits = map(float, done.stdout.split())
    return result, hits > 0


def test_the_cache_sees_an_edit_of_whatever_a_kernel_is_made_of(package):
    assert run(package) == (30, False)
    (package / "step.py").write_text("# One step.\nSTEP = 1\n")
    assert run(package) == (30, True)
    (package / "quiet.py").write_text(MODULES["quiet.py"] + "ADDED = 1\n")
    assert run(package) == (30, True)
    (package / "step.py").write_text("STEP = 2\n")
    assert run(package) == (40, False)


def test_each_signature_is_compiled_when_it_is_called_into_a_file_of_its_own(package):
    run(package)
    assert len(list(package.rglob("outer.outer*.nbi"))) == 1
    run(package, "2.5")
    indices = list(package.rglob("outer.outer*.nbi"))
    code = list(package.rglob("outer.outer*.nbc"))
    assert len(indices) == len(code) == 2


@kernel(["float32[::1](float32[::1])", "float64[::1](float64[::1])"])
def doubled(x):
    return 2 * x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_call_takes_the_signature_of_its_numbers(dtype):
    assert doubled(np.ones(3, dtype)).dtype == dtype


@pytest.mark.parametrize("argument", [np.ones(3, np.int64), np.ones((3, 3)), np.ones(6)[::2], 1.0])
def test_what_no_signature_takes_is_not_compiled(argument):
    doubled(np.ones(3))
    known = len(doubled.dispatcher.signatures)
    with pytest.raises(TypeError, match=r"doubled takes .*, not"):
        doubled(argument)
    assert len(doubled.dispatcher.signatures) == known


def test_threads_that_call_at_once_compile_once(tmp_path):
    fresh = kernel(["float64(float64)"])(lambda x: x + 1)
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(fresh, [1.0] * 16)) == [2.0] * 16
    assert len(fresh.dispatcher.signatures) == 1


@pytest.mark.trouble(
    "an installation in which nothing can be written", "imported and compiled in each process"
)
def test_without_a_folder_to_write_into_it_is_compiled_in_each_process(package, tmp_path):
    """As in a read-only installation of a user without a home."""
    (package / "__pycache__").write_text("no folder\n")
    (tmp_path / "home").write_text("no folder\n")
    nowhere = {name: str(tmp_path / "home") for name in ("HOME", "XDG_CACHE_HOME")}
    assert run(package, **nowhere) == (30, False)
    assert run(package, **nowhere) == (30, False)
    assert not list(tmp_path.rglob("*.nbi"))


@pytest.mark.trouble("`NUMBA_DISABLE_JIT=1`", "imported; a call says why it cannot be")
def test_where_numba_may_not_compile_an_import_works_and_a_call_says_why():
    code = """
import numpy as np
from resound.distances.dtw import dtw
from resound.errors import EnvironmentProblem
try:
    dtw(np.zeros((2, 1)), np.ones((2, 1)))
except EnvironmentProblem as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert "NUMBA_DISABLE_JIT is set" in done.stdout
    assert "unset it" in done.stdout
