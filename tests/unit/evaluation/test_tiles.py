"""Stored tiles of a run, and what is refused of them."""

import numpy as np
import pandas as pd
import pytest

from resound import store
from resound.errors import StoreError
from resound.evaluation.ranking import RankingTask
from resound.evaluation.tiles import READERS, gather
from resound.experiment.tiles import grid

N_CLIPS = 12
SIZE = {"queries": 5, "gallery": 4}
RANKING = {"distances": {"distance": "dtw"}, "top_k": [3], "exclude_same_recording": True}
CLIPS = pd.DataFrame(
    {
        "id": [f"{i:02}" for i in range(N_CLIPS)],
        "category": ["dog", "rain"] * 6,
        "src_file": [str(i // 4) for i in range(N_CLIPS)],
    }
)
TASK = RankingTask(CLIPS, CLIPS, [3], True)
DISTANCES = np.random.default_rng(0).integers(0, 4, (N_CLIPS, N_CLIPS)).astype(np.float32)


def write_distances(path, tile):
    spec = {"distances": RANKING["distances"], "tile": tile._asdict()}
    ids = {"queries": list(CLIPS["id"][tile.rows]), "gallery": list(CLIPS["id"][tile.columns])}
    values = DISTANCES[tile.rows, tile.columns]
    with store.create_array(path, values.shape, values.dtype, spec=spec, ids=ids) as array:
        array[:] = values


def write_hits(path, tile):
    hits = TASK.rank(DISTANCES[tile.rows, tile.columns], tile.rows, tile.columns)
    spec = {"ranking": RANKING, "tile": tile._asdict()}
    store.write_table(TASK.table(hits, tile.rows), path, spec=spec)


WRITERS = {"full": write_distances, "top_k": write_hits}


@pytest.fixture(params=list(READERS))
def stored(request, tmp_path):
    """Return the way in which tiles are stored, and their files."""
    paths = []
    for tile in grid(N_CLIPS, N_CLIPS, **SIZE):
        paths.append(tmp_path / f"tile{tile.row}-{tile.column}" / "tile")
        WRITERS[request.param](paths[-1], tile)
    return request.param, paths


def gathered(stored, tile_size=SIZE, ranking=RANKING, task=TASK):
    mode, paths = stored
    return gather(task, tile_size, paths, ranking=ranking, read=READERS[mode])


def test_tiles_give_the_ranking_of_the_whole(stored):
    positions, scores = gathered(stored)
    expected = TASK.rank(DISTANCES)
    np.testing.assert_array_equal(positions, expected[0])
    np.testing.assert_array_equal(scores, expected[1])
    assert scores.dtype == np.float32


def test_a_missing_tile_is_named(stored):
    stored[1][3].unlink()
    with pytest.raises(StoreError, match="tile1-0/tile: there is no such file"):
        gathered(stored)


def test_a_damaged_tile_is_refused(stored):
    path = stored[1][3]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(StoreError, match=r"tile1-0/tile: (its bytes are not|is not a whole)"):
        gathered(stored)


def test_a_tile_of_another_place_is_refused(stored):
    mode, paths = stored
    with pytest.raises(StoreError, match=r"tile\.row: stored 1, asked for 0"):
        gathered((mode, [paths[3], *paths[1:]]))


def test_a_tile_of_another_size_is_refused(stored):
    with pytest.raises(StoreError, match=r"tile\.gallery: stored 4, asked for 5"):
        gathered((stored[0], stored[1]), tile_size=SIZE | {"gallery": 5})


def test_a_tile_of_another_distance_is_refused(stored):
    other = RANKING | {"distances": {"distance": "cosine"}}
    with pytest.raises(StoreError, match=r"distance: stored 'dtw', asked for 'cosine'"):
        gathered(stored, ranking=other)


def test_a_tile_of_other_clips_is_refused(stored):
    clips = CLIPS.assign(id=[f"x{i}" for i in CLIPS["id"]])
    task = RankingTask(clips, clips, [3], True)
    with pytest.raises(StoreError, match=r"tile0-0/tile: its .* are not those of the split"):
        gathered(stored, task=task)
