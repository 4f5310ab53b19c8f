import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cdist

from resound.distances import cosine
from resound.distances.cosine import pairwise
from resound.errors import ParameterError
from resound.registry import DISTANCES
from tests.examples import examples


def clips(n_clips, frames=12, dims=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n_clips, frames, dims)).astype(np.float32)


def test_is_registered():
    assert DISTANCES["cosine"] is pairwise


@pytest.mark.parametrize(("frames", "dims"), [(1, 1), (12, 3), (700, 7)])
def test_equals_scipy(frames, dims):
    queries, gallery = clips(70, frames, dims), clips(300, frames, dims, seed=1)
    flat = (c.reshape(len(c), -1).astype(np.float64) for c in (queries, gallery))
    # Both sum in float64; 1 - cos carries an absolute error of a few units in the last place.
    np.testing.assert_allclose(pairwise(queries, gallery), cdist(*flat, "cosine"), atol=2e-15)


@examples(times=0.5)
@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3)),
        elements=st.floats(-(2.0**60), 2.0**60, width=32),
    )
)
def test_is_finite_symmetric_and_bounded(x):
    found = pairwise(x, x)
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_array_equal(np.diag(found), 0.0)
    assert ((found >= 0) & (found <= 2)).all()


def test_near_duplicates_keep_their_digits():
    x = np.array([[[1.0], [0.0]]])
    y = np.array([[[1.0], [1e-6]]])
    # 1 - cos(angle) = angle^2 / 2 to relative angle^2; 1 - cos in float64 is off by 1e-4 here.
    assert pairwise(x, y)[0, 0] == pytest.approx(0.5e-12, rel=1e-9)


def test_opposite_and_scaled_clips():
    x = clips(1)
    assert pairwise(x, -3 * x)[0, 0] == pytest.approx(2.0, abs=1e-15)
    assert pairwise(x, 4 * x)[0, 0] == 0.0


def test_zero_clips():
    x = np.stack([np.zeros((4, 2)), np.ones((4, 2))])
    np.testing.assert_array_equal(pairwise(x, x), [[0.0, 1.0], [1.0, 0.0]])


def test_does_not_depend_on_tiles_or_threads():
    queries, gallery = clips(70, 50, 60), clips(300, 50, 60, seed=1)
    whole = pairwise(queries, gallery)
    np.testing.assert_array_equal(pairwise(queries, gallery, n_threads=3), whole)
    np.testing.assert_array_equal(pairwise(queries[66:67], gallery), whole[66:67])
    np.testing.assert_array_equal(pairwise(queries, gallery[5:17]), whole[:, 5:17])
    np.testing.assert_array_equal(pairwise(queries, gallery[::-1]), whole[:, ::-1])
    np.testing.assert_array_equal(pairwise(gallery, queries), whole.T)


def test_does_not_depend_on_blocks(monkeypatch):
    queries, gallery = clips(70, 50, 60), clips(300, 50, 60, seed=1)
    whole = pairwise(queries, gallery)
    for name, size in (("QUERY_BLOCK", 33), ("GALLERY_BLOCK", 77), ("GROUPS", 3)):
        monkeypatch.setattr(cosine, name, size)
    monkeypatch.setattr(cosine, "PASSAGE", 2 * cosine.COLUMNS)
    np.testing.assert_array_equal(pairwise(queries, gallery), whole)


@pytest.mark.parametrize(
    "change",
    [
        lambda clips: clips.astype(np.float64),
        lambda clips: clips.astype(">f4"),
        lambda clips: np.asfortranarray(clips),
        lambda clips: np.repeat(clips, 2, axis=2)[:, :, ::2],
        lambda clips: clips[:, ::-1, ::-1].copy()[:, ::-1, ::-1],
        lambda clips: (
            np.frombuffer(b"0" + clips.tobytes(), np.uint8)[1:]
            .view(np.float32)
            .reshape(clips.shape)
        ),
    ],
    ids=["float64", "big_endian", "fortran", "strided", "reversed", "unaligned"],
)
def test_does_not_depend_on_how_the_values_lie_in_memory(change):
    x, y = clips(20, 30, 40), clips(37, 30, 40, seed=1)
    np.testing.assert_array_equal(pairwise(change(x), change(y)), pairwise(x, y))


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 1100),
    st.sampled_from(["f4", "f8", "i2"]),
)
def test_equals_the_products_of_vectors(n_queries, n_clips, n_values, dtype):
    rng = np.random.default_rng([n_queries, n_clips, n_values])
    x, y = (
        (9 * rng.standard_normal((n, 1, n_values)) + 1).astype(dtype) for n in (n_queries, n_clips)
    )
    u, v = (clips[:, 0].astype(np.float64) for clips in (x, y))
    scale = np.outer(np.sqrt((u * u).sum(axis=1)), np.sqrt((v * v).sum(axis=1)))
    plain = 1 - np.divide(u @ v.T, scale, out=np.zeros_like(scale), where=scale > 0)
    found = pairwise(x, y)
    # A zero clip is at 0 from another one, by definition.
    np.testing.assert_allclose(found, np.where((scale == 0) & (found == 0), 0, plain), atol=4e-15)


def test_never_holds_a_gallery_that_is_mapped(tmp_path):
    np.save(tmp_path / "bank.npy", clips(300, 200, 300))
    bank = tmp_path.joinpath("bank.npy").stat().st_size
    tracemalloc.start()
    try:
        mapped = np.load(tmp_path / "bank.npy", mmap_mode="r")
        found = pairwise(mapped[:3], mapped, n_threads=2)
        assert tracemalloc.get_traced_memory()[1] < bank / 5
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(found, pairwise(mapped[:3].copy(), np.array(mapped)))


def test_reports_progress(monkeypatch):
    monkeypatch.setattr(cosine, "QUERY_BLOCK", 64)
    finished = []
    pairwise(clips(100), clips(2), progress=finished.append)
    assert finished == [64, 100]


def test_no_clips_give_an_empty_matrix():
    assert pairwise(clips(0), clips(2)).shape == (0, 2)
    assert pairwise(clips(2), clips(0)).shape == (2, 0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_a_clip_that_is_not_finite_is_named(bad):
    gallery = clips(300).astype(np.float64)
    gallery[299, 0, 0] = bad
    with pytest.raises(ParameterError, match="gallery: clip 299 holds NaN"):
        pairwise(clips(2), gallery)


@pytest.mark.parametrize(
    ("queries", "gallery", "message"),
    [
        (clips(2), clips(2, frames=11), "differ in frames"),
        (clips(2), clips(2, dims=2), "frames of 3 and 2 dims"),
        (clips(2)[0], clips(2), r"queries of shape \(12, 3\)"),
        (clips(2, frames=0), clips(2, frames=0), "is empty"),
        (clips(2) * 1j, clips(2), "must be real numbers"),
    ],
)
def test_wrong_shapes_are_named(queries, gallery, message):
    with pytest.raises(ParameterError, match=message):
        pairwise(queries, gallery)


def test_wrong_n_threads_is_named():
    with pytest.raises(ParameterError, match="n_threads=0"):
        pairwise(clips(2), clips(2), n_threads=0)
