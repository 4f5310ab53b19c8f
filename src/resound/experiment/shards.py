"""Shards: the shares of a bank that are jobs of their own."""

from typing import NamedTuple


class Shard(NamedTuple):
    """One share of the clips of a bank.

    Attributes
    ----------
    number : int
        Which share, from 0.
    shards : int
        How many there are.
    """

    number: int
    shards: int

    def rows(self, n_clips: int, batch: int) -> range:
        """Return its clips: whole batches of `batch` clips from the start of the bank on.

        So a clip stands in the same batch, however many shards there are. The shards differ by at
        most one batch; one is empty where there are more shards than batches.

        Examples
        --------
        >>> [Shard(number, 2).rows(n_clips=10, batch=4) for number in range(2)]
        [range(0, 4), range(4, 10)]
        """
        n_batches = -(-n_clips // batch)
        first, last = (n_batches * n // self.shards for n in (self.number, self.number + 1))
        return range(first * batch, min(last * batch, n_clips))
