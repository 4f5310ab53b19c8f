import numpy as np
import pytest

from resound.distances.dtw_search import top_k
from resound.errors import ParameterError
from resound.retrieval.candidates import NO_HIT


def clips(n_clips, frames=12, dims=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n_clips, frames, dims)).astype(np.float32)


def test_ties_are_in_the_order_of_ids():
    gallery = np.repeat(clips(1), 4, axis=0)
    found = top_k(clips(1), gallery, 3, gallery_ids=["d", "b", "a", "c"])
    np.testing.assert_array_equal(found.indices, [[2, 1, 3]])
    np.testing.assert_array_equal(found.distances, [[0.0, 0.0, 0.0]])


def test_no_hit_where_there_are_no_more_candidates():
    excluded = np.array([[False, True, True]])
    found = top_k(clips(1), clips(3), 2, excluded=excluded)
    np.testing.assert_array_equal(found.indices, [[0, NO_HIT]])
    np.testing.assert_array_equal(found.distances, [[0.0, np.inf]])
    assert found.stats.pairs == 1


def test_empty_stacks():
    assert top_k(clips(0), clips(2), 3).indices.shape == (0, 3)
    np.testing.assert_array_equal(top_k(clips(1), clips(0), 2).indices, [[NO_HIT, NO_HIT]])


def test_reads_a_memory_map(tmp_path):
    gallery = clips(5)
    np.save(tmp_path / "bank.npy", gallery)
    mapped = np.load(tmp_path / "bank.npy", mmap_mode="r")
    found, expected = top_k(mapped, mapped, 2), top_k(gallery, gallery, 2)
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.distances, expected.distances)


def test_reports_progress():
    finished = []
    top_k(clips(3), clips(2), 1, progress=finished.append)
    assert finished == [3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": 0}, "k=0 must be a positive integer"),
        ({"local_cost": "euclidaen"}, "did you mean 'euclidean'"),
        ({"dtype": "float16"}, "dtype='float16'"),
        ({"band": 2}, "band=2"),
        ({"queries": clips(1, dims=2)}, "frames of 2 and 3 dims"),
        ({"gallery_ids": ["a"]}, "must name the 2 clips"),
        ({"gallery_ids": ["a", "a"]}, "'a' is listed more than once"),
        ({"excluded": np.zeros((1, 2), int)}, "must be booleans"),
        ({"excluded": np.zeros((2, 2), bool)}, r"excluded of shape \(2, 2\)"),
        ({"gallery": np.full((2, 12, 3), np.nan)}, "gallery: clip 0 holds NaN"),
        ({"gallery": np.full((2, 12, 3), 1e30)}, "use dtype='float64'"),
        ({"n_threads": 0}, "n_threads=0"),
    ],
)
def test_wrong_arguments_are_named(change, message):
    arguments = {"queries": clips(1), "gallery": clips(2), "k": 1} | change
    with pytest.raises(ParameterError, match=message):
        top_k(arguments.pop("queries"), arguments.pop("gallery"), arguments.pop("k"), **arguments)
