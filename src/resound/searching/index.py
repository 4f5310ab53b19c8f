"""Index: vectors of the windows of a folder's sounds, and what is known of the files.

A folder with two tables of the engine and ``index.json``, which says what they are: the version of
the format, the method with the digest of its weights, the grid of the windows and the folder of the
sounds. ``files`` has a row for each sound, ``windows`` one for each window:

========== ===========================================================================
``files``  file (its number), path, size, modified, sha256, duration in seconds, and
           windows: how many there are, 0 before all are written, -1 when it is to go
``windows`` file, position on the grid, vector
========== ===========================================================================

Rows of a sound are written in this order: the sound with 0 windows, its windows, the sound with
their number. So what a killed process has left is known, and it goes on from there.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from filelock import FileLock, Timeout

from resound.errors import RunError, StoreError
from resound.files import AnyPath, replacing, write_text
from resound.searching.methods import Choice, Method
from resound.searching.table import VECTOR, Table, matrix
from resound.searching.windows import Grid

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]

ABOUT = "index.json"
LOCK = ".lock"
FORMAT = 1
BEGUN, DOOMED = 0, -1
# Up to so many rows all of them are compared; beyond, those of the nearest parts.
EXACT_ROWS = 500_000
GROWN = 1.5
ROWS_A_PART = 4000
ASKED, NEIGHBOURS, ENOUGH = 100, 20, 0.98
WINDOWS_A_BLOCK = 16_384
IDS_A_CONDITION = 1000
FILES = pa.schema(
    [
        ("file", pa.int64()),
        ("path", pa.string()),
        ("size", pa.int64()),
        ("modified", pa.int64()),
        ("sha256", pa.string()),
        ("duration", pa.float64()),
        ("windows", pa.int32()),
    ]
)


class Approximate(NamedTuple):
    """The approximate index: for how many rows it was made, its parts, and what it finds.

    `probes` parts are looked through for a query; of the 20 rows nearest to a row it finds
    `recall`, on average over 100 rows.
    """

    rows: int
    partitions: int
    probes: int
    recall: float


class Windows(NamedTuple):
    """Some windows of an index.

    Attributes
    ----------
    files, positions : ndarray of int64, shape (n,)
        The number of the sound of each, and its place on the grid.
    vectors : ndarray of float32, shape (n, dimension)
        Of length 1, or zero.
    """

    files: Int64
    positions: Int64
    vectors: Float32


class Index:
    """An index that is there.

    Parameters
    ----------
    folder : path
        Of the index.

    Attributes
    ----------
    folder : pathlib.Path
        Of the index.
    sounds : pathlib.Path
        Of the sounds.
    grid : Grid
        Of the windows.
    choice : Choice
        The method, fitted.
    approximate : Approximate or None
        What is known of the approximate index, where there is one.

    Raises
    ------
    StoreError
        When it is none, damaged, or of a newer version.
    """

    def __init__(self, folder: AnyPath) -> None:
        self.folder = Path(folder)
        about = _read_about(self.folder)
        try:
            self.sounds = Path(about["folder"])
            self.grid = Grid(float(about["window"]), float(about["hop"]))
            self.choice = Choice(dict(about["method"]), about["weights"])
            self.dimension = int(about["dimension"])
            found = about["approximate"]
            self.approximate = Approximate(**found) if found else None
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(_not_whole(self.folder, repr(error))) from error
        self._files = Table(self.folder, "files")
        self._windows = Table(self.folder, "windows")

    @classmethod
    def create(
        cls, folder: AnyPath, *, sounds: Path, method: Method, choice: Choice,
        grid: Grid,
    ) -> Self:  # fmt: skip
        """Make an index without rows; the folder must be absent or empty.

        Parameters
        ----------
        folder : path
            Of the index.
        sounds : pathlib.Path
            What it is of.
        method : Method
            As loaded, and fitted.
        choice : Choice
            Where the method came from.
        grid : Grid
            Of the windows.

        Raises
        ------
        StoreError
            When something else is in the folder, or it cannot be written.
        """
        folder = Path(folder)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise StoreError(
                f"{folder}: holds something else than an index; name another place: --into <folder>"
            )
        vector = pa.list_(pa.float32(), method.dimension)
        windows = pa.schema([("file", pa.int64()), ("position", pa.int32()), (VECTOR, vector)])
        with replacing(folder) as temporary:
            temporary.mkdir()
            Table(temporary, "files", FILES)
            Table(temporary, "windows", windows)
            about = {
                "format": FORMAT,
                "folder": str(sounds.resolve()),
                "window": grid.window,
                "hop": grid.hop,
                "method": method.spec,
                "weights": choice.weights,
                "dimension": method.dimension,
                "approximate": None,
            }
            _write_about(temporary, about)
        return cls(folder)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the index for this process alone while it writes; RunError if another does."""
        lock = FileLock(self.folder / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise RunError(
                f"{self.folder}: another `resound index` writes it; wait until it has ended"
            ) from error
        except OSError as error:
            raise StoreError(
                f"{self.folder}: cannot be written ({error.strerror}); make it writable"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def check(self, choice: Choice | None = None, grid: Grid | None = None) -> None:
        """Raise StoreError with the reason where the index was made in another way than asked.

        Weights of the right digest are then read from where the choice found them.
        """
        if choice is not None and not choice.is_of(self.choice.spec):
            raise StoreError(
                f"{self.folder}: was made by {_named(self.choice.spec)}, not by "
                f"{_named(choice.spec)}; ask it by its own method, or make another index"
            )
        if grid is not None and grid != self.grid:
            raise StoreError(
                f"{self.folder}: has windows of {self.grid.window} s every {self.grid.hop} s, not "
                f"of {grid.window} s every {grid.hop} s; leave --window and --hop out, or make "
                "another index"
            )
        if choice is not None:
            self.choice.weights = choice.weights

    def files(self) -> pd.DataFrame:
        """Return a row for each sound, with the columns of the table, by number."""
        found: pd.DataFrame = self._files.rows(FILES.names).to_pandas()
        return found.sort_values("file", ignore_index=True)

    def named(self, numbers: Sequence[int]) -> pd.DataFrame:
        """Return the rows of some sounds, by number."""
        parts = [
            self._files.rows(FILES.names, condition).to_pandas()
            for condition in _conditions(numbers) or ["false"]
        ]
        found: pd.DataFrame = pd.concat(parts)
        return found.set_index("file")

    def count(self, file: int | None = None) -> int:
        """Return how many windows are written, of all sounds or of one."""
        return self._windows.count(None if file is None else f"file = {file}")

    def windows(self) -> Iterator[Windows]:
        """Yield all windows that are written, in blocks; memory does not grow with their number."""
        for batch in self._windows.batches(("file", "position", VECTOR), WINDOWS_A_BLOCK):
            yield Windows(
                batch["file"].to_numpy(zero_copy_only=False),
                batch["position"].to_numpy(zero_copy_only=False).astype(np.int64),
                matrix(batch[VECTOR]),
            )

    def put(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows of sounds, in the place of those with their numbers."""
        if rows:
            columns = {name: [row[name] for row in rows] for name in FILES.names}
            self._files.replace("file", columns)

    def add(self, files: Sequence[int], positions: Sequence[int], vectors: Float32) -> None:
        """Append windows.

        Parameters
        ----------
        files, positions : sequence of int
            Of each window, its sound and its place on the grid.
        vectors : ndarray, shape (n, dimension)
            Of length 1, or zero.
        """
        self._windows.add({"file": files, "position": positions, VECTOR: vectors})

    def drop(self, numbers: Sequence[int]) -> None:
        """Take sounds out, with their windows; killed meanwhile, it is known that they go."""
        if not numbers:
            return
        rows = self.named(numbers).assign(windows=DOOMED).reset_index()
        self.put([{str(name): row[name] for name in row} for row in rows.to_dict("records")])
        for table in (self._windows, self._files):
            for condition in _conditions(numbers):
                table.delete(condition)

    def settle(self) -> None:
        """Tidy the tables up, and make the approximate index where there are many rows."""
        self._files.tidy()
        self._windows.tidy()
        rows = self.count()
        made_for = self.approximate.rows if self.approximate else 0
        if rows > EXACT_ROWS and rows > GROWN * made_for:
            partitions = max(1, rows // ROWS_A_PART)
            self._windows.approximate(partitions)
            self.approximate = self._measured(rows, partitions)
            about = {**_read_about(self.folder), "approximate": self.approximate._asdict()}
            _write_about(self.folder, about)
            self._windows.tidy()

    def nearest(self, vectors: Float32, k: int) -> pd.DataFrame:
        """Return the windows that are nearest to any of some vectors.

        Parameters
        ----------
        vectors : ndarray, shape (n, dimension)
            Windows of a query, or words.
        k : int
            Windows to find for each of them.

        Returns
        -------
        DataFrame
            ``file, position, similarity, asked``: similarity is (1 + cos) / 2, the largest over the
            vectors, and `asked` the place of that vector; the most similar first, equal ones by
            file and position.
        """
        probes = self.approximate.probes if self.approximate else None
        parts = []
        for place, vector in enumerate(vectors):
            found = self._windows.nearest(vector, k, ("file", "position"), probes).to_pandas()
            found["similarity"] = (1 - found.pop("_distance").astype(float) / 2).clip(0, 1)
            parts.append(found.assign(asked=place))
        return best_of(pd.concat(parts))

    def _measured(self, rows: int, partitions: int) -> Approximate:
        """Return the fewest probes, in doubling steps, that find enough of the true neighbours."""
        asked = self._windows.vectors(np.linspace(0, rows - 1, ASKED).astype(int).tolist())
        asked = asked[np.linalg.norm(asked, axis=1) > 0.5]
        truth = [self._found(vector, None) for vector in asked]
        probes = min(8, partitions)
        while True:
            shares = [
                len(true & self._found(vector, probes)) / len(true)
                for vector, true in zip(asked, truth, strict=True)
            ]
            recall = float(np.mean(shares))
            if recall >= ENOUGH or probes == partitions:
                return Approximate(rows, partitions, probes, recall)
            probes = min(2 * probes, partitions)

    def _found(self, vector: Float32, probes: int | None) -> set[tuple[int, int]]:
        found = self._windows.nearest(vector, NEIGHBOURS, ("file", "position"), probes)
        return {*zip(found["file"].to_pylist(), found["position"].to_pylist(), strict=True)}


def best_of(found: pd.DataFrame) -> pd.DataFrame:
    """Return each window once, at its largest similarity: the most similar first.

    Equal ones are in the order of file and position.
    """
    ordered = found.sort_values(
        ["similarity", "file", "position"], ascending=[False, True, True], kind="stable"
    )
    return ordered.drop_duplicates(["file", "position"]).reset_index(drop=True)


def is_index(folder: AnyPath) -> bool:
    """Return whether a folder says that it is an index; it may be damaged still."""
    return Path(folder, ABOUT).is_file()


def _conditions(numbers: Iterable[int]) -> list[str]:
    """Return conditions that name sounds by their numbers, not too many in one."""
    ordered = [str(number) for number in sorted({*map(int, numbers)})]
    parts = [
        ordered[first : first + IDS_A_CONDITION]
        for first in range(0, len(ordered), IDS_A_CONDITION)
    ]
    return [f"file IN ({', '.join(part)})" for part in parts]


def _named(spec: Mapping[str, Any]) -> str:
    """Return what tells a method from others, in a few words."""
    left_out = ("kind", "centre", "scale")
    return ", ".join(f"{key} {value}" for key, value in spec.items() if key not in left_out)


def _write_about(folder: Path, about: Mapping[str, Any]) -> None:
    write_text(folder / ABOUT, json.dumps(about, indent=1) + "\n")


def _read_about(folder: Path) -> dict[str, Any]:
    if not is_index(folder):
        raise StoreError(f"{folder}: is no index of sounds; make one with `resound index <folder>`")
    try:
        about = json.loads((folder / ABOUT).read_bytes())
        version = about["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(_not_whole(folder, repr(error))) from error
    if not isinstance(version, int) or version > FORMAT:
        raise StoreError(
            f"{folder}: is an index of format {version!r}, and this resound reads {FORMAT}; "
            "install the resound that made it, or make the index again"
        )
    return dict(about)


def _not_whole(folder: Path, reason: str) -> str:
    return (
        f"{folder / ABOUT}: is damaged ({reason}); delete {folder}, and make it again with "
        "`resound index`"
    )
