from hypothesis import given
from hypothesis import strategies as st

from resound.experiment.shards import Shard
from resound.experiment.tiles import Tile, grid

sizes = st.integers(1, 9)


@given(st.integers(1, 20), st.integers(1, 20), sizes, sizes)
def test_tiles_cover_every_pair_once_row_by_row(n_queries, n_gallery, queries, gallery):
    tiles = grid(n_queries, n_gallery, queries=queries, gallery=gallery)
    assert tiles == sorted(tiles)
    pairs = [
        (i, j)
        for tile in tiles
        for i in range(n_queries)[tile.rows]
        for j in range(n_gallery)[tile.columns]
    ]
    assert sorted(pairs) == [(i, j) for i in range(n_queries) for j in range(n_gallery)]


def test_esc_50_is_one_tile_of_the_shipped_size():
    assert grid(400, 1600, queries=400, gallery=1600) == [Tile(0, 0, 400, 1600)]


def test_nothing_has_no_tiles():
    assert grid(0, 5, queries=2, gallery=2) == []


@given(st.integers(0, 60), sizes, sizes)
def test_shards_cover_every_clip_once_in_whole_batches(n_clips, shards, batch):
    parts = [Shard(number, shards).rows(n_clips, batch) for number in range(shards)]
    assert [clip for part in parts for clip in part] == list(range(n_clips))
    assert all(part.start % batch == 0 for part in parts)
    assert max(map(len, parts)) - min(map(len, parts)) <= 2 * batch - 1


def test_one_shard_is_the_whole_bank():
    assert Shard(0, 1).rows(2000, 4) == range(2000)
