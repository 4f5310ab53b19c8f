"""Shares of work that are jobs of their own: tiles of a matrix, shards of a bank."""

from typing import NamedTuple


class Tile(NamedTuple):
    """One share of a matrix.

    Attributes
    ----------
    row, column : int
        Where the tile stands among the tiles, from 0.
    queries, gallery : int
        Clips a side; the last tile of a row or column may have fewer.
    """

    row: int
    column: int
    queries: int
    gallery: int

    @property
    def rows(self) -> slice:
        """The queries of the tile."""
        return slice(self.row * self.queries, (self.row + 1) * self.queries)

    @property
    def columns(self) -> slice:
        """The gallery clips of the tile."""
        return slice(self.column * self.gallery, (self.column + 1) * self.gallery)


def grid(n_queries: int, n_gallery: int, *, queries: int, gallery: int) -> list[Tile]:
    """Return the tiles of `queries` times `gallery` clips that cover a matrix, row by row."""
    return [
        Tile(row, column, queries, gallery)
        for row in range(-(-n_queries // queries))
        for column in range(-(-n_gallery // gallery))
    ]


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
        """
        n_batches = -(-n_clips // batch)
        first, last = (n_batches * n // self.shards for n in (self.number, self.number + 1))
        return range(first * batch, min(last * batch, n_clips))
