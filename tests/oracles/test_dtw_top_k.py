"""The search for nearest clips against ranking the full matrix of distances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resound.distances import _dtw_inputs
from resound.distances.dtw import DTYPES, LOCAL_COSTS, pairwise
from resound.distances.dtw_search import top_k
from resound.retrieval import ranking as retrieval
from tests.examples import examples


@st.composite
def stacks(draw):
    """Draw queries and a gallery with duplicates, constant clips, and values that tie often."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dims = draw(st.integers(1, 5))
    shapes = [
        (draw(st.integers(1, 4)), draw(st.integers(1, 60)), dims),
        (draw(st.integers(1, 70)), draw(st.integers(1, 60)), dims),
    ]
    kind = draw(st.sampled_from(["noise", "walks", "steps", "far apart", "far off", "tiny"]))
    clips = [rng.normal(size=shape) for shape in shapes]
    if kind == "walks":
        clips = [np.cumsum(stack, axis=1) for stack in clips]
    if kind == "steps":
        clips = [np.round(stack) for stack in clips]
    if kind == "far apart":
        clips = [stack + 30 * rng.normal(size=(len(stack), 1, dims)) for stack in clips]
    if kind == "far off":
        clips = [1000 + 0.1 * np.cumsum(stack, axis=1) for stack in clips]
    if kind == "tiny":
        clips = [1e-22 * stack for stack in clips]
    queries, gallery = (stack.astype(np.float32) for stack in clips)
    constant = rng.random(len(gallery)) < draw(st.sampled_from([0.0, 0.3]))
    gallery[constant] = gallery[constant, :1]
    if draw(st.booleans()):
        gallery = gallery[rng.integers(len(gallery), size=len(gallery))]
    return queries, gallery, rng


@examples(times=3)
@given(
    stacks(),
    st.integers(1, 80),
    st.sampled_from(LOCAL_COSTS),
    st.none() | st.floats(0.0, 1.0),
    st.sampled_from(DTYPES),
    st.sampled_from([0.0, 0.3, 1.0]),
)
def test_equals_the_ranked_full_matrix(stack, k, local_cost, band, dtype, share_excluded):
    queries, gallery, rng = stack
    options = {"local_cost": local_cost, "band": band, "dtype": dtype}
    ids = rng.permutation(len(gallery)).astype(str)
    excluded = rng.random((len(queries), len(gallery))) < share_excluded
    found = top_k(queries, gallery, k, gallery_ids=ids, excluded=excluded, **options)
    full = pairwise(queries, gallery, **options)
    indices, distances = retrieval.rank(full, ids, k=k, excluded=excluded)
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_array_equal(found.distances, distances)
    stats = found.stats
    assert stats.pairs == (~excluded).sum()
    left_out = stats.pruned_by_8 + stats.pruned_by_4 + stats.pruned_by_2
    assert left_out + stats.abandoned + stats.completed == stats.pairs
    assert stats.cells <= stats.full_cells


@pytest.mark.parametrize("dtype", DTYPES)
def test_does_not_depend_on_blocks_or_threads(monkeypatch, dtype):
    rng = np.random.default_rng(0)
    queries, gallery = rng.normal(size=(5, 20, 3)), rng.normal(size=(70, 25, 3))
    whole = top_k(queries, gallery, 7, dtype=dtype)
    monkeypatch.setattr(_dtw_inputs, "GALLERY_BLOCK_BYTES", 1)
    parts = top_k(queries, gallery, 7, dtype=dtype, n_threads=1)
    np.testing.assert_array_equal(parts.indices, whole.indices)
    np.testing.assert_array_equal(parts.distances, whole.distances)


@pytest.mark.parametrize(("dtype", "size"), [("float32", 2e19), ("float64", 1e155)])
def test_equals_the_ranked_full_matrix_where_squared_norms_overflow(dtype, size):
    rng = np.random.default_rng(0)
    gallery = size * (1 + 1e-3 * rng.normal(size=(40, 12, 3))) * np.array([1, -1, 1])
    gallery = gallery.astype(dtype)
    found = top_k(gallery[:5], gallery, 3, dtype=dtype)
    full = pairwise(gallery[:5], gallery, dtype=dtype)
    indices, distances = retrieval.rank(full, np.arange(40), k=3)
    np.testing.assert_array_equal(found.distances, distances)
    assert set(found.indices[:, 0]) == set(indices[:, 0])


def test_leaves_out_what_is_far():
    rng = np.random.default_rng(0)
    places = 100.0 * np.arange(512)[:, np.newaxis, np.newaxis]
    gallery = places + rng.normal(size=(512, 40, 3))
    found = top_k(gallery[:4], gallery, 2)
    np.testing.assert_array_equal(found.indices[:, 0], np.arange(4))
    assert found.stats.cells < 0.1 * found.stats.full_cells


@pytest.mark.parametrize(("band", "share"), [(None, 0.1), (0.1, 0.2)])
def test_leaves_out_clips_by_boxes_and_cells_by_the_limit(band, share):
    """Walks of one mean and size: only their order in time tells them apart."""
    rng = np.random.default_rng(0)
    shapes = np.cumsum(rng.normal(size=(6, 64, 3)), axis=1)
    gallery = np.concatenate([shapes + 0.05 * rng.normal(size=shapes.shape) for _ in range(96)])
    gallery = gallery - gallery.min(axis=1, keepdims=True)
    gallery /= gallery.max(axis=1, keepdims=True)
    stats = top_k(gallery[:6], gallery, 5, band=band).stats
    assert stats.pruned_by_8 > 0.5 * stats.pairs
    # A narrow band leaves little to leave out.
    assert 0 < stats.cells < share * stats.full_cells


@pytest.mark.parametrize("band", [None, 0.0, 0.1])
def test_abandons_pairs_and_leaves_out_clips_at_every_level(band):
    """Noise around six walks: near the limit there are many, which coarse bounds do not reject."""
    rng = np.random.default_rng(1)
    shapes = np.cumsum(rng.normal(size=(6, 64, 3)), axis=1)
    noise = rng.uniform(0.2, 2.0, size=(1200, 1, 1)) * rng.normal(size=(1200, 64, 3))
    gallery = (np.repeat(shapes, 200, axis=0) + noise).astype(np.float32)
    found = top_k(shapes, gallery, 3, band=band)
    counts = found.stats
    assert min(counts.pruned_by_8, counts.pruned_by_4, counts.pruned_by_2, counts.abandoned) > 0
    full = pairwise(shapes, gallery, band=band)
    indices, distances = retrieval.rank(full, np.arange(1200), k=3)
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_array_equal(found.distances, distances)


@examples(times=2)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(1, 45), st.integers(1, 45)),
    st.integers(1, 6),
    st.none() | st.floats(0.0, 1.0),
    st.sampled_from(DTYPES),
)
def test_equals_the_ranked_full_matrix_where_many_are_near_the_limit(seed, lengths, k, band, dtype):
    """Steps of whole numbers tie exactly; noise of several sizes meets every bound."""
    rng = np.random.default_rng(seed)
    n, m = lengths
    query = np.cumsum(rng.integers(-2, 3, size=(1, n, 2)), axis=1)
    warped = query[:, np.sort(rng.integers(n, size=m))]
    gallery = warped + rng.integers(0, 4, size=(80, 1, 1)) * rng.integers(-1, 2, size=(80, m, 2))
    ids = np.arange(80).astype(str)
    found = top_k(query, gallery, k, gallery_ids=ids, band=band, dtype=dtype)
    full = pairwise(query, gallery, band=band, dtype=dtype)
    indices, distances = retrieval.rank(full, ids, k=k)
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_array_equal(found.distances, distances)
