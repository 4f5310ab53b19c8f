"""librosa's compiled functions, when several processes import it on a cold cache."""

import os
import subprocess
import sys

import pytest

# What a process compiled before librosa decides the names that numba gives to librosa's functions.
CODE = """
import sys
import numba
import numpy as np

for count in range(int(sys.argv[1])):
    numba.njit(lambda x: x + count)(1)

from resound.evaluation.reference import librosa

print(librosa.util.localmin(np.array([3.0, 1.0, 2.0])).tolist())
"""


def start(compiled_before, cache):
    return subprocess.Popen(
        [sys.executable, "-c", CODE, str(compiled_before)],
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache)},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_processes_that_import_it_together_leave_a_sound_cache(tmp_path):
    together = [start(compiled_before, tmp_path) for compiled_before in (0, 1, 5)]
    printed = [process.communicate()[0] for process in together]
    later = start(2, tmp_path)
    printed.append(later.communicate()[0])
    assert [process.returncode for process in (*together, later)] == [0, 0, 0, 0]
    assert printed == ["[False, True, False]\n"] * 4
