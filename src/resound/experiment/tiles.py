"""Tiles: the shares of a matrix of queries and gallery clips that are jobs of their own."""

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
    """Return the tiles of `queries` times `gallery` clips that cover a matrix, row by row.

    Examples
    --------
    >>> [(tile.rows, tile.columns) for tile in grid(3, 2, queries=2, gallery=2)]
    [(slice(0, 2, None), slice(0, 2, None)), (slice(2, 4, None), slice(0, 2, None))]
    """
    return [
        Tile(row, column, queries, gallery)
        for row in range(-(-n_queries // queries))
        for column in range(-(-n_gallery // gallery))
    ]
