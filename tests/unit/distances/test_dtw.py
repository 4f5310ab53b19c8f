import multiprocessing
import os
import subprocess
import sys
from fractions import Fraction

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resound.compiled.lanes import LANES
from resound.distances import _dtw_inputs
from resound.distances import dtw as dtw_module
from resound.distances.dtw import dtw, pairwise
from resound.errors import ParameterError
from resound.registry import DISTANCES


def clips(n_clips, frames=12, dims=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n_clips, frames, dims)).astype(np.float32)


def test_is_registered():
    assert DISTANCES["dtw"] is pairwise


def test_worked_example():
    # Costs |x_i - y_j|: rows (0, 2, 3), (1, 1, 2), (3, 1, 0); the path 0, 1, 1, 0 is cheapest.
    x, y = np.array([[0.0], [1.0], [3.0]]), np.array([[0.0], [2.0], [3.0]])
    assert dtw(x, y) == 1.0
    assert dtw(x, y, local_cost="squared") == 1.0
    assert dtw(x, y + 1.0) == 2.0


def test_repeated_frames_cost_nothing():
    x = clips(1)[0]
    assert dtw(x, np.repeat(x, 3, axis=0)) == 0.0


@pytest.mark.parametrize("local_cost", dtw_module.LOCAL_COSTS)
@pytest.mark.parametrize("dtype", dtw_module.DTYPES)
def test_pairwise_gives_what_dtw_gives(local_cost, dtype):
    queries, gallery = clips(3, 12), clips(4, 9, seed=1)
    found = pairwise(queries, gallery, local_cost=local_cost, dtype=dtype, band=0.3)
    assert found.shape == (3, 4)
    assert found.dtype == dtype
    for q, g in np.ndindex(3, 4):
        assert found[q, g] == dtw(
            queries[q], gallery[g], local_cost=local_cost, dtype=dtype, band=0.3
        )


@pytest.mark.trouble("a number of numpy where one of Python is meant", "the same distances")
@pytest.mark.parametrize("band", [np.float32(0.25), np.float64(0.25), Fraction(1, 4)])
def test_a_band_is_any_kind_of_number(band):
    queries, gallery = clips(3, 12), clips(4, 9, seed=1)
    expected = pairwise(queries, gallery, band=0.25)
    np.testing.assert_array_equal(pairwise(queries, gallery, band=band), expected)


def test_does_not_depend_on_blocks_or_threads(monkeypatch):
    queries, gallery = clips(7), clips(2 * LANES + 3, seed=1)
    whole = pairwise(queries, gallery)
    monkeypatch.setattr(_dtw_inputs, "QUERY_BLOCK", 2)
    monkeypatch.setattr(_dtw_inputs, "GALLERY_BLOCK_BYTES", LANES * gallery[0].nbytes)
    np.testing.assert_array_equal(pairwise(queries, gallery, n_threads=1), whole)


@pytest.mark.parametrize("dtype", dtw_module.DTYPES)
def test_does_not_depend_on_what_stands_in_the_other_lanes(dtype):
    queries, gallery = clips(2, 13), clips(LANES + 1, 17, seed=1)
    alone = [pairwise(queries, clip[np.newaxis], dtype=dtype) for clip in gallery]
    np.testing.assert_array_equal(pairwise(queries, gallery, dtype=dtype), np.hstack(alone))


def test_reads_a_memory_map(tmp_path):
    gallery = clips(5)
    np.save(tmp_path / "bank.npy", gallery)
    mapped = np.load(tmp_path / "bank.npy", mmap_mode="r")
    np.testing.assert_array_equal(pairwise(mapped, mapped), pairwise(gallery, gallery))


def test_reports_progress(monkeypatch):
    monkeypatch.setattr(_dtw_inputs, "QUERY_BLOCK", 2)
    finished = []
    pairwise(clips(5), clips(2), progress=finished.append)
    assert finished == [2, 4, 5]


@pytest.mark.parametrize("fails", [False, True])
def test_puts_the_number_of_threads_back(fails):
    before = numba.get_num_threads()
    gallery = clips(2)
    seen = []
    if fails:
        gallery[1, 0, 0] = np.nan
        with pytest.raises(ParameterError, match="clip 1 holds NaN"):
            pairwise(clips(2), gallery, n_threads=1)
    else:
        pairwise(
            clips(2), gallery, n_threads=1, progress=lambda _: seen.append(numba.get_num_threads())
        )
        assert seen == [1]
    assert numba.get_num_threads() == before


def test_takes_more_threads_than_there_are():
    pairwise(clips(2), clips(2), n_threads=10_000)


def test_no_clips_give_an_empty_matrix():
    assert pairwise(clips(0), clips(2)).shape == (0, 2)
    assert pairwise(clips(2), clips(0)).shape == (2, 0)


def test_zero_frames_under_cosine():
    zeros, others = np.zeros((4, 3)), clips(1, 4)[0]
    assert dtw(zeros, zeros, local_cost="cosine") == 0.0
    assert dtw(zeros, others, local_cost="cosine") == pytest.approx(4.0, rel=1e-6)


def test_huge_frames_have_a_direction():
    x = 1e300 * clips(1)[0].astype(np.float64)
    assert dtw(x, 2 * x, local_cost="cosine", dtype="float64") == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.zeros((0, 3))}, r"x of shape \(0, 3\) is empty"),
        ({"y": np.zeros((4, 0))}, r"y of shape \(4, 0\) is empty"),
        ({"y": np.zeros((4, 2))}, "frames of 3 and 2 dims"),
        ({"x": np.zeros(3)}, r"series\[:, np.newaxis\]"),
        ({"x": np.full((4, 3), np.nan)}, "clip 0 holds NaN"),
        ({"y": np.full((4, 3), np.inf), "local_cost": "cosine"}, "clip 0 holds NaN, infinity"),
        ({"x": np.full((4, 3), 1e300)}, "values beyond float32"),
        ({"x": np.full((4, 3), 1e30)}, "use dtype='float64'"),
        ({"x": np.full((4, 3), "a")}, "must be real numbers"),
        ({"local_cost": "euclidaen"}, "did you mean 'euclidean'"),
        ({"dtype": "float16"}, "dtype='float16' is not known"),
        ({"band": 1.5}, "band=1.5 must be None or a fraction"),
        ({"band": -0.1}, "band=-0.1"),
        ({"band": np.nan}, "band=nan"),
        ({"band": True}, "band=True"),
        ({"band": "wide"}, "band='wide'"),
    ],
)
def test_wrong_arguments_are_named(change, message):
    arguments = {"x": np.zeros((4, 3)), "y": np.ones((4, 3))} | change
    with pytest.raises(ParameterError, match=message):
        dtw(arguments.pop("x"), arguments.pop("y"), **arguments)


@pytest.mark.parametrize("n_threads", [0, -1, 1.5, True])
def test_wrong_n_threads_is_named(n_threads):
    with pytest.raises(ParameterError, match="n_threads="):
        pairwise(clips(2), clips(2), n_threads=n_threads)


def test_pairwise_wants_stacks():
    with pytest.raises(ParameterError, match=r"queries of shape \(12, 3\)"):
        pairwise(clips(2)[0], clips(2))


def test_parallel_calls_agree():
    queries, gallery = clips(4), clips(6, seed=1)
    expected = pairwise(queries, gallery)
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        for found in pool.starmap(pairwise, [(queries, gallery)] * 2):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_processes_fill_a_cold_cache_together(tmp_path):
    code = (
        "import numpy as np; from resound.distances.dtw import dtw; "
        "print(dtw(np.zeros((2, 1)), np.ones((2, 1))))"
    )
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in running:
        out, err = process.communicate(timeout=120)
        assert (out.strip(), err) == ("2.0", "")
    assert len(list(tmp_path.rglob("*.nbc"))) == 1  # of float32 alone, which was asked for


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=4),
    st.lists(st.integers(1, 6), min_size=1, max_size=5),
    st.sampled_from([None, 0.0, 0.5]),
)
def test_clips_of_any_lengths_stand_in_a_list(queries, gallery, band):
    rng = np.random.default_rng(len(queries) + 7 * len(gallery))
    x, y = ([rng.standard_normal((n, 3)) for n in side] for side in (queries, gallery))
    told = []
    found = pairwise(x, tuple(y), band=band, progress=told.append)
    assert found.tolist() == [[dtw(a, b, band=band) for b in y] for a in x]
    assert told[-1] == len(x)


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        ([np.ones((2, 3)), np.ones((2, 4))], r"queries of shapes .* frames of the same dims"),
        ([np.ones((2, 3)), np.ones((4, 4))], r"queries of shape .* and gallery of shape"),
        ([np.ones(2), np.ones(3)], r"queries of shape \(1, 2\) .* must be real numbers"),
    ],
)
def test_clips_that_do_not_go_together_are_named(clips, message):
    with pytest.raises(ParameterError, match=message):
        pairwise(clips, [np.ones((2, 3))])
