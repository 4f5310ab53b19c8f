"""The engine: LanceDB's tables of vectors, behind the few verbs that an index needs.

Nothing else imports LanceDB. A table is a folder of files that are written once and never changed;
each change is a new version, seen whole or not at all, and an older one is readable until it is
cleaned up. So a killed writer leaves the last version, and many may search while one writes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from resound.errors import EnvironmentProblem, ResoundError, StoreError, shortened

Float32 = npt.NDArray[np.float32]

VECTOR = "vector"
# Versions that were replaced go at once: a search opens the newest, and lasts less than a second.
SUPERSEDED = timedelta(milliseconds=1)
# Candidates by codes, as multiples of k, whose vectors are then compared exactly.
REFINE = 10
NO_ROOM = ("No space left", "File too large", "quota", "Read-only file system", "Permission denied")


class Table:
    """One table of an index.

    Parameters
    ----------
    folder : pathlib.Path
        The index.
    name : str
        Of the table.
    schema : pyarrow.Schema, optional
        Makes the table; without one it must be there.

    Raises
    ------
    EnvironmentProblem
        When LanceDB is not installed.
    StoreError
        When it is not there, damaged, or cannot be written.
    """

    def __init__(self, folder: Path, name: str, schema: pa.Schema | None = None) -> None:
        self._where = folder
        with self._told():
            # Every search asks whether another process has written.
            database = _lancedb().connect(folder, read_consistency_interval=timedelta(0))
            if schema is None:
                self._table = database.open_table(name)
            else:
                self._table = database.create_table(name, schema=schema)

    def add(self, columns: dict[str, Any]) -> None:
        """Append rows, all or none; a matrix (n, dimension) is a column of vectors."""
        schema = self._table.schema
        arrays = [_column(columns[field.name], field) for field in schema]
        with self._told():
            self._table.add(pa.table(arrays, schema=schema))

    def replace(self, key: str, columns: dict[str, Any]) -> None:
        """Put rows in the place of those with the same `key`, and append what has none."""
        schema = self._table.schema
        rows = pa.table([_column(columns[field.name], field) for field in schema], schema=schema)
        with self._told():
            merge = self._table.merge_insert(key).when_matched_update_all()
            merge.when_not_matched_insert_all().execute(rows)

    def delete(self, where: str) -> None:
        """Take rows out that a condition in SQL names."""
        with self._told():
            self._table.delete(where)

    def count(self, where: str | None = None) -> int:
        """Return how many rows there are, of those that a condition names."""
        with self._told():
            return int(self._table.count_rows(where))

    def rows(self, columns: Sequence[str], where: str | None = None) -> pa.Table:
        """Return columns of all rows, or of those that a condition names."""
        with self._told():
            found = self._table.search()
            return (found.where(where) if where else found).select([*columns]).to_arrow()

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield columns of all rows, at most so many at a time."""
        with self._told():
            yield from self._table.search().select([*columns]).to_batches(rows)

    def vectors(self, offsets: Sequence[int]) -> Float32:
        """Return the vectors (n, dimension) of n rows by their places in the table."""
        with self._told():
            found = self._table.take_offsets([*offsets]).select([VECTOR]).to_arrow()
        return matrix(found[VECTOR])

    def nearest(
        self, vector: Float32, k: int, columns: Sequence[str], probes: int | None = None
    ) -> pa.Table:
        """Return the rows of the `k` vectors nearest to `vector` (dimension,) by the cosine.

        Parameters
        ----------
        vector : ndarray, shape (dimension,)
            What is asked for; not zero.
        k : int
            Rows; fewer where there are fewer. A row of zeros is never among them.
        columns : sequence of str
            Of the rows; the cosine distance, 1 - cos, comes as ``_distance``.
        probes : int, optional
            Parts of the approximate index that are looked through; None: every row is compared.
        """
        with self._told():
            query = self._table.search(vector, vector_column_name=VECTOR).distance_type("cosine")
            query = query.limit(k).select([*columns, "_distance"])
            if probes is None:
                return query.bypass_vector_index().to_arrow()
            return query.nprobes(probes).refine_factor(REFINE).to_arrow()

    def tidy(self) -> None:
        """Write what came in small pieces as large ones, and delete what nobody reads any more."""
        with self._told():
            # The first time may write the approximate index anew, the second deletes the old one.
            for _ in range(2):
                self._table.optimize(cleanup_older_than=SUPERSEDED)

    def approximate(self, partitions: int) -> None:
        """Make the approximate index: the rows in parts, each number as a byte, by the cosine."""
        from lancedb.index import IvfSq

        config = IvfSq(distance_type="cosine", num_partitions=partitions)
        with self._told():
            self._table.create_index(VECTOR, config=config, replace=True)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Make errors of the engine, which are of many kinds, one of ours."""
        try:
            yield
        except ResoundError:
            raise
        except Exception as error:
            raise StoreError(f"{self._where}: {_meaning(error)}") from error


def matrix(column: pa.Array | pa.ChunkedArray) -> Float32:
    """Return a column of vectors as an array, shape (n, dimension)."""
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    flat = np.asarray(values.flatten(), dtype=np.float32)
    return flat.reshape(len(values), -1)


def _column(values: Any, field: pa.Field) -> pa.Array:
    if pa.types.is_fixed_size_list(field.type):
        flat = pa.array(np.ascontiguousarray(values, dtype=np.float32).ravel())
        return pa.FixedSizeListArray.from_arrays(flat, type=field.type)
    return pa.array(values, field.type)


def _lancedb() -> Any:
    try:
        import lancedb
    except ImportError as error:
        raise EnvironmentProblem(
            "an index of sounds needs the package lancedb; install it with "
            "`python -m pip install 'resound[search]'`"
        ) from error
    return lancedb


def _meaning(error: Exception) -> str:
    """Say what an error of the engine means, and what to do."""
    told = shortened(" ".join(str(error).split()))
    if any(words in told for words in NO_ROOM):
        reason = next(words for words in NO_ROOM if words in told)
        return (
            f"cannot be written ({reason}); free some space or make the folder writable, and call "
            "again: what was written stays"
        )
    return (
        f"is damaged, or made by a newer version of LanceDB ({told}); delete it, and make it again "
        "with `resound index`"
    )
