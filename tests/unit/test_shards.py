from hypothesis import given
from hypothesis import strategies as st

from resound.shards import Shard

sizes = st.integers(1, 9)


@given(st.integers(0, 60), sizes, sizes)
def test_shards_cover_every_clip_once_in_whole_batches(n_clips, shards, batch):
    parts = [Shard(number, shards).rows(n_clips, batch) for number in range(shards)]
    assert [clip for part in parts for clip in part] == list(range(n_clips))
    assert all(part.start % batch == 0 for part in parts)
    assert max(map(len, parts)) - min(map(len, parts)) <= 2 * batch - 1


def test_one_shard_is_the_whole_bank():
    assert Shard(0, 1).rows(2000, 4) == range(2000)
