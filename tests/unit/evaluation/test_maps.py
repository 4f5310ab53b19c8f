import numpy as np
import pytest

from resound.errors import ParameterError
from resound.evaluation.maps import map_clips, read_map
from resound.store import write_csv

OPTIONS = {"perplexity": 5.0, "seed": 0}


def bank(n_clips, shape=(3, 4)):
    return np.random.default_rng(0).normal(size=(n_clips, *shape)).astype(np.float32)


def test_clips_of_one_direction_lie_together_whatever_their_length():
    """Two groups at right angles, whose clips differ in length a thousandfold."""
    directions = np.repeat(np.eye(2, 12), 10, axis=0).reshape(20, 3, 4)
    lengths = np.random.default_rng(1).uniform(1, 1000, size=(20, 1, 1))
    clips = (directions + 0.01 * bank(20)) * lengths
    points = map_clips(clips, [f"c{i}" for i in range(20)], **OPTIONS)[["x", "y"]].to_numpy()
    apart = np.linalg.norm(points[:, np.newaxis] - points, axis=-1)
    within = max(apart[:10, :10].max(), apart[10:, 10:].max())
    assert apart[:10, 10:].min() > within


def test_a_map_is_the_same_again():
    ids = [f"c{i}" for i in range(12)]
    once, twice = (map_clips(bank(12), ids, **OPTIONS) for _ in range(2))
    assert once.equals(twice)
    assert list(once.columns) == ["clip_id", "x", "y"]


def test_pooled_windows_are_mapped_as_the_one_vector_that_is_compared():
    ids = [f"c{i}" for i in range(12)]
    pooled = map_clips(bank(12), ids, pooling="max", **OPTIONS)
    assert pooled.equals(map_clips(bank(12).max(axis=1, keepdims=True), ids, **OPTIONS))
    assert not pooled.equals(map_clips(bank(12), ids, **OPTIONS))


@pytest.mark.parametrize("n_clips", [1, 2, 3])
def test_few_clips_lie_on_a_line(n_clips):
    points = map_clips(bank(n_clips), list("abc")[:n_clips], **OPTIONS)
    assert points["x"].tolist() == list(range(n_clips))
    assert (points["y"] == 0).all()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_clips_that_are_all_alike_have_places_too(value):
    points = map_clips(np.full((8, 1, 3), value), list("abcdefgh"), **OPTIONS)
    assert np.isfinite(points[["x", "y"]]).all(axis=None)


def test_four_clips_are_enough_for_any_perplexity():
    points = map_clips(bank(4), list("abcd"), perplexity=30.0, seed=0)
    assert np.isfinite(points[["x", "y"]]).all(axis=None)


def test_ids_must_name_the_clips():
    with pytest.raises(ParameterError, match="2 clip ids must name each of 3 clips"):
        map_clips(bank(3), ["a", "b"], **OPTIONS)


def test_ids_are_read_as_they_were(tmp_path):
    points = map_clips(bank(2), ["007", "NA"], **OPTIONS)
    write_csv(points, tmp_path / "map.csv")
    assert read_map(tmp_path / "map.csv")["clip_id"].tolist() == ["007", "NA"]
