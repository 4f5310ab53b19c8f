"""DTW on a GPU: in numba's simulator everywhere, on the device itself where there is one."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
from numba import cuda

from resound.distances import _dtw_cuda
from resound.distances.dtw import LOCAL_COSTS, pairwise
from resound.errors import EnvironmentProblem, ParameterError

HAS_PACKAGE = importlib.util.find_spec("numba_cuda") is not None
HAS_GPU = HAS_PACKAGE and cuda.is_available()

# Clips of one frame, of more frames than the other ones and of fewer, longer diagonals than a block
# has threads, bands from the diagonal alone to none.
SIMULATED = """
import itertools
import numpy as np
from resound.distances import _dtw_cuda
from resound.distances.dtw import pairwise

_dtw_cuda.THREADS = _dtw_cuda.WARP = 3
rng = np.random.default_rng(0)
shapes = [(1, 1, 1), (1, 4, 2), (7, 3, 3), (6, 6, 1), (9, 11, 2)]
kinds = [("euclidean", "float32"), ("squared", "float64")]
for (n, m, dims), band, (local_cost, dtype) in itertools.product(shapes, (None, 0.0, 0.3), kinds):
    x = rng.normal(size=(1, n, dims)).cumsum(axis=1)
    y = rng.normal(size=(2, m, dims)).cumsum(axis=1)
    how = {"local_cost": local_cost, "band": band, "dtype": dtype}
    on_cpu, on_gpu = pairwise(x, y, **how), pairwise(x, y, device="cuda", **how)
    assert on_gpu.dtype == on_cpu.dtype
    relative = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(on_gpu, on_cpu, relative, relative, err_msg=f"{n} {m} {how}")
"""


def test_the_simulated_kernel_gives_what_the_cpu_gives():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SIMULATED],
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not HAS_GPU, reason="there is no GPU, or numba-cuda is not installed")
@pytest.mark.parametrize("local_cost", LOCAL_COSTS)
@pytest.mark.parametrize(("n", "m", "band"), [(216, 216, None), (300, 150, 0.1), (1, 40, 0.0)])
@pytest.mark.parametrize(("dtype", "relative"), [("float32", 1e-4), ("float64", 1e-12)])
def test_a_gpu_gives_what_the_cpu_gives(local_cost, n, m, band, dtype, relative):
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(40, frames, 13)).cumsum(axis=1) for frames in (n, m))
    options = {"local_cost": local_cost, "band": band, "dtype": dtype}
    on_gpu = pairwise(x, y, device="cuda", **options)
    np.testing.assert_allclose(on_gpu, pairwise(x, y, **options), rtol=relative, atol=relative)


@pytest.mark.skipif(HAS_GPU, reason="there is a GPU")
def test_without_a_gpu_or_the_package_the_next_step_is_told():
    told = r"finds no GPU .*nvidia-smi" if HAS_PACKAGE else r"pip install .*\[cuda\]"
    with pytest.raises(EnvironmentProblem, match=told):
        pairwise(np.zeros((1, 2, 3)), np.zeros((1, 2, 3)), device="cuda")


def test_clips_too_long_for_shared_memory_are_named():
    short, long = np.zeros((1, 4095, 1), np.float32), np.zeros((1, 4096, 1), np.float32)
    _dtw_cuda.check_length(short)
    with pytest.raises(ParameterError, match=r"4096 frames .* takes 4095 of float32"):
        _dtw_cuda.pairwise(long, long, 0, 0, True)


def test_an_unknown_device_is_named():
    with pytest.raises(ParameterError, match=r"device='gpu' is not known; .* cpu, cuda"):
        pairwise(np.zeros((1, 2, 3)), np.zeros((1, 2, 3)), device="gpu")


def test_numba_s_cuda_is_imported_only_when_asked_for():
    code = "import sys, resound.distances.dtw; print('numba.cuda' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
