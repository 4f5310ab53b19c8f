"""Stored artefacts: arrays, tables and texts that are complete, undamaged and of known origin.

Every artefact appears whole or not at all: `resound.files.replacing`.

An artefact may carry the spec that made it: a nested dict of plain built-ins (dict, list, str, int,
float, bool, None). Tables keep it in the Parquet file, with a checksum of what the columns hold;
arrays and CSV files in a JSON record beside them, with a checksum of the file. The old record goes
before the file is replaced and the new one comes after, so a kill in between leaves a file without
record, which a reader refuses. A reader that asks for a spec gets an artefact of that spec or a
`StoreError` which names the keys that differ.
"""

import errno
import hashlib
import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from resound.errors import StoreError
from resound.files import AnyPath as AnyPath
from resound.files import replacing as replacing
from resound.files import sha256_of as sha256_of
from resound.files import write_text as write_text
from resound.pages import give_back

PLAIN_SCALARS = (str, int, float, bool, type(None))
SPEC_KEY = b"resound.spec"
DIGEST_KEY = b"resound.sha256"
AGAIN = "delete it and run the workflow again"


class StoredArray(NamedTuple):
    """An array as it was stored.

    Attributes
    ----------
    values : numpy.memmap, of any shape
        The array, read-only, mapped from its file.
    ids : dict of str to list of str
        For each of the leading axes its name and the id of every position along it.
    spec : dict
        What made the array.
    """

    values: npt.NDArray[Any]
    ids: dict[str, list[str]]
    spec: dict[str, Any]

    def rows(self, ids: Sequence[str]) -> npt.NDArray[Any]:
        """Return the values at `ids` of the first axis: a view where they follow each other.

        Parameters
        ----------
        ids : sequence of str
            Which positions of the first axis, in which order.

        Returns
        -------
        ndarray, shape (len(ids), ...)

        Raises
        ------
        StoreError
            When the array does not hold one of them.
        """
        rows = self._places(ids)
        first = rows[0] if rows else 0
        if rows == list(range(first, first + len(rows))):
            return self.values[first : first + len(rows)]
        copied: npt.NDArray[Any] = self.values[rows]
        give_back(self.values)
        return copied

    def parts(
        self, ids: Sequence[str], *, viewed: int, copied: int
    ) -> Iterator[tuple[slice, npt.NDArray[Any]]]:
        """Yield slices that cover `ids` in order, each with the values there along the first axis.

        Where `copied` or more ids follow each other in the array, the values are a view, of at most
        `viewed` ids. The others are copied, at most `copied` at a time.

        Parameters
        ----------
        ids : sequence of str
            Which positions of the first axis, in which order.
        viewed, copied : int
            Most ids of a part that is a view, and of one that is a copy.

        Yields
        ------
        part : slice
            The part's place in `ids`.
        values : ndarray, shape (n_part, ...)
            The values there.

        Raises
        ------
        StoreError
            When the array does not hold one of them.
        """
        rows = self._places(ids)
        starts = [i for i in range(1, len(rows)) if rows[i] != rows[i - 1] + 1]
        runs = [run for run in pairwise([0, *starts, len(rows)]) if run[1] - run[0] >= copied]
        done = 0
        for first, last in (*runs, (len(rows), len(rows))):
            for start, stop, size in ((done, first, copied), (first, last, viewed)):
                for i in range(start, stop, size):
                    part = slice(i, min(i + size, stop))
                    yield part, self.rows(ids[part])
            done = last

    def _places(self, ids: Sequence[str]) -> list[int]:
        axis, names = next(iter(self.ids.items()))
        place = {name: i for i, name in enumerate(names)}
        absent = [name for name in ids if name not in place]
        if absent:
            raise StoreError(f"the stored array holds no {axis} {absent[0]!r}; {AGAIN}")
        return [place[name] for name in ids]


@contextmanager
def create_array(
    path: AnyPath,
    shape: Sequence[int],
    dtype: npt.DTypeLike,
    *,
    spec: Mapping[str, Any],
    ids: Mapping[str, Sequence[str]],
    spec_path: AnyPath | None = None,
) -> Iterator[npt.NDArray[Any]]:
    """Yield a memory-mapped array of zeros that becomes `path` when the block ends well.

    Parameters
    ----------
    path : path
        The ``.npy`` file.
    shape, dtype
        Of the array; at least one element, no Python objects.
    spec : mapping
        What makes the array, of plain built-ins.
    ids : mapping of str to sequence of str
        For each of the leading axes, in order, its name and its ids:
        ``{"queries": [...], "gallery": [...]}``.
    spec_path : path, optional
        The record's file; ``spec.json`` beside `path` by default.

    Yields
    ------
    numpy.memmap, of any shape: `shape`
        To be filled in the block; nothing becomes `path` when the block raises.

    Raises
    ------
    StoreError
        When the spec is not plain, the ids do not fit the shape, or the disk is too full.

    Examples
    --------
    >>> import tempfile
    >>> spec, ids = {"feature": "mfcc"}, {"clips": ["a", "b"]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "bank.npy")
    ...     with create_array(path, (2, 3), "float32", spec=spec, ids=ids) as bank:
    ...         bank[:] = 1.0
    ...     open_array(path, spec=spec).rows(["b"])
    memmap([[1., 1., 1.]], dtype=float32)
    """
    path, shape, dtype = Path(path), tuple(shape), np.dtype(dtype)
    if dtype.hasobject or 0 in shape:
        raise StoreError(f"{path}: {dtype} {shape} cannot be stored; give it numbers, at least one")
    record = {
        "spec": plain_spec(spec),
        "ids": _check_ids(path, ids, shape),
        "shape": list(shape),
        "dtype": dtype.str,
    }
    with _recorded(path, _array_record(path, spec_path), record) as temporary:
        array = _map_new(temporary, shape, dtype)
        yield array
        array.flush()


def open_array(
    path: AnyPath,
    *,
    spec: Mapping[str, Any] | None = None,
    verify: bool = True,
    spec_path: AnyPath | None = None,
) -> StoredArray:
    """Open a stored array read-only, memory-mapped, after checking that it is what is asked for.

    Parameters
    ----------
    path : path
        The ``.npy`` file.
    spec : mapping, optional
        The spec that must have made it; without one any is accepted.
    verify : bool
        Compare the checksum, which reads the whole file once, in blocks.
    spec_path : path, optional
        The record's file; ``spec.json`` beside `path` by default.

    Returns
    -------
    StoredArray
        Its values, the ids along its axes, and the spec that made it.

    Raises
    ------
    StoreError
        When the array or its record is missing, damaged, or made from another spec.
    """
    path = Path(path)
    record = _read_record(path, _array_record(path, spec_path), spec, verify=verify)
    try:
        # Not np.load, which opens archives too; the file's header is the claim of whoever wrote it.
        values = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # numpy raises errors of many kinds on foreign bytes
        raise StoreError(f"{path}: is not a whole .npy file ({error}); {AGAIN}") from error
    if list(values.shape) != record.get("shape") or values.dtype.str != record.get("dtype"):
        raise StoreError(
            f"{path}: holds {values.dtype.str} {list(values.shape)} where its record says "
            f"{record.get('dtype')} {record.get('shape')}; {AGAIN}"
        )
    return StoredArray(
        values, _check_ids(path, record.get("ids", {}), values.shape), record["spec"]
    )


def write_table(
    frame: pd.DataFrame, path: AnyPath, *, spec: Mapping[str, Any] | None = None
) -> None:
    """Write a DataFrame without its index as Parquet, with `spec` in the file's metadata."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    about = {**table.schema.metadata, DIGEST_KEY: _digest_of(table)}
    if spec is not None:
        about[SPEC_KEY] = json.dumps(plain_spec(spec)).encode()
    table = table.replace_schema_metadata(about)
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)


def read_table(path: AnyPath, *, spec: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Read a Parquet table; raise StoreError when it is missing, damaged or of another spec."""
    path = _check_present(path)
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        about = table.schema.metadata or {}
        same = _digest_of(table) == about.get(DIGEST_KEY)
        stored = json.loads(about.get(SPEC_KEY, b"{}"))
        frame: pd.DataFrame = table.to_pandas()
    except Exception as error:  # Arrow raises errors of many kinds on foreign bytes
        raise StoreError(f"{path}: is not a whole Parquet file ({error}); {AGAIN}") from error
    if not same:
        raise StoreError(f"{path}: its columns are not those that were written; {AGAIN}")
    if spec is not None:
        check_spec(path, stored, spec)
    return frame


def _digest_of(table: pa.Table) -> bytes:
    """Return a digest of names, types and values: pages have checksums, what tells of them not."""
    digest = hashlib.sha256()
    for name in table.column_names:
        values = table[name].to_numpy()
        texts = json.dumps(values.tolist(), default=str).encode() if values.dtype == object else b""
        digest.update(f"{name} {table[name].type} {len(values)}\n".encode())
        digest.update(texts or values.tobytes())
    return digest.hexdigest().encode()


def write_csv(frame: pd.DataFrame, path: AnyPath, *, spec: Mapping[str, Any] | None = None) -> None:
    """Write a DataFrame without its index as CSV, every float with its shortest exact digits.

    With a `spec`, a record with the spec and a checksum is kept in ``<name>.spec.json``.
    """
    text = frame.to_csv(index=False, lineterminator="\n")
    if spec is None:
        write_text(path, text)
        return
    path = Path(path)
    with _recorded(path, _csv_record(path), {"spec": plain_spec(spec)}) as temporary:
        temporary.write_bytes(text.encode())


def read_csv(
    path: AnyPath,
    *,
    dtypes: Mapping[str, str] | None = None,
    spec: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Read a CSV file as `write_csv` made it.

    Parameters
    ----------
    path : path
        The file.
    dtypes : mapping of column to dtype, optional
        A column of dtype ``"str"`` keeps its cells as they are: ids such as ``007``, a category
        named ``NA``. Columns not named are read as pandas sees fit.
    spec : mapping, optional
        The spec that must have made it; needs that the file was written with one.

    Raises
    ------
    StoreError
        When the file is missing or damaged, lacks a column of `dtypes`, or has another spec.
    """
    path = _check_present(path)
    if spec is not None:
        _read_record(path, _csv_record(path), spec, verify=True)
    dtypes = dict(dtypes or {})
    try:
        columns = list(pd.read_csv(path, nrows=0).columns)
        lacking = sorted(set(dtypes) - set(columns))
        if lacking:
            raise ValueError(f"no column {', '.join(lacking)}")
        empty = {name: [""] for name in columns if dtypes.get(name) != "str"}
        return pd.read_csv(path, dtype=dtypes, keep_default_na=False, na_values=empty)
    except (ValueError, OverflowError) as error:
        raise StoreError(f"{path}: is not the CSV file expected ({error}); {AGAIN}") from error


def plain_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return `spec` as JSON keeps it, keys sorted and tuples as lists, or raise StoreError.

    Examples
    --------
    >>> plain_spec({"n_fft": 2048, "folds": (1, 2)})
    {'folds': [1, 2], 'n_fft': 2048}
    """
    return {key: _plain(value, key) for key, value in sorted(spec.items())}


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, dict) and all(type(key) is str for key in value):
        return {key: _plain(value[key], f"{where}.{key}") for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    # Exact types: numpy's float64 is a float too, but Snakemake would not track it.
    if type(value) not in PLAIN_SCALARS or (type(value) is float and not math.isfinite(value)):
        raise StoreError(
            f"spec key {where}={value!r} ({type(value).__name__}) is not plain; use dict with str "
            "keys, list, str, int, finite float, bool or None"
        )
    return value


def check_spec(path: Path, stored: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Raise StoreError, naming the keys that differ, unless `stored` equals `asked`."""
    faults = list(_differences(dict(stored), plain_spec(asked), ""))
    if faults:
        listed = "\n  ".join(faults)
        raise StoreError(f"{path}: was made from another spec:\n  {listed}\n{AGAIN}")


def _differences(stored: Any, asked: Any, where: str) -> Iterator[str]:
    if isinstance(stored, dict) and isinstance(asked, dict):
        for key in sorted({*stored, *asked}):
            name = f"{where}.{key}" if where else key
            if key not in asked:
                yield f"{name}: stored {stored[key]!r}, not asked for"
            elif key not in stored:
                yield f"{name}: not stored, asked for {asked[key]!r}"
            else:
                yield from _differences(stored[key], asked[key], name)
    elif stored != asked or isinstance(stored, bool) != isinstance(asked, bool):
        yield f"{where}: stored {stored!r}, asked for {asked!r}"


@contextmanager
def _recorded(path: Path, record_path: Path, record: dict[str, Any]) -> Iterator[Path]:
    """Yield a temporary path for `path`; when it is written, replace file and record in order."""
    with replacing(path) as temporary:
        yield temporary
        record = {**record, "file": path.name, "sha256": sha256_of(temporary)}
        record_path.unlink(missing_ok=True)
    write_text(record_path, json.dumps(record, indent=1) + "\n")


def _read_record(
    path: Path, record_path: Path, spec: Mapping[str, Any] | None, *, verify: bool
) -> dict[str, Any]:
    _check_present(path)
    try:
        record: dict[str, Any] = json.loads(record_path.read_bytes())
        stored, digest = plain_spec(record["spec"]), record["sha256"]
    except FileNotFoundError:
        raise StoreError(f"{path}: its record {record_path} is missing; {AGAIN}") from None
    except (AttributeError, ValueError, KeyError, RecursionError, TypeError, StoreError) as error:
        raise StoreError(
            f"{record_path}: is no record of {path.name} ({error!r}); {AGAIN}"
        ) from error
    if record.get("file") != path.name:
        raise StoreError(
            f"{record_path}: is the record of {record.get('file')}, not of {path.name}"
        )
    if spec is not None:
        check_spec(path, stored, spec)
    if verify and sha256_of(path) != digest:
        raise StoreError(f"{path}: its bytes are not those that were written (sha256); {AGAIN}")
    return record


def _check_present(path: AnyPath) -> Path:
    path = Path(path)
    if not path.is_file():
        raise StoreError(f"{path}: there is no such file; run the workflow that makes it")
    return path


def _check_ids(
    path: Path, ids: Mapping[str, Sequence[str]], shape: tuple[int, ...]
) -> dict[str, list[str]]:
    if not (
        isinstance(ids, Mapping) and all(isinstance(names, Sequence) for names in ids.values())
    ):
        raise StoreError(f"{path}: ids={ids!r} must map the name of an axis to a list of ids")
    lengths = [len(names) for names in ids.values()]
    if not lengths or lengths != list(shape[: len(lengths)]):
        raise StoreError(f"{path}: ids of {lengths} positions do not name the axes of {shape}")
    for axis, names in ids.items():
        if not all(type(name) is str for name in names) or len(set(names)) < len(names):
            raise StoreError(f"{path}: the ids of axis {axis!r} must be different strings")
    return {axis: list(names) for axis, names in ids.items()}


def _map_new(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> "np.memmap[Any, Any]":
    """Map a new file whose blocks are claimed: a mapped write to a full disk kills the process."""
    size = math.prod(shape) * dtype.itemsize
    try:
        if shutil.disk_usage(path.parent).free < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
        if hasattr(os, "posix_fallocate"):
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    except OSError as error:
        raise StoreError(
            f"{path.parent}: no room for {size} bytes ({error.strerror}); free some space or set "
            "another results_dir"
        ) from error
    return array


def _array_record(path: Path, spec_path: AnyPath | None) -> Path:
    return path.with_name("spec.json") if spec_path is None else Path(spec_path)


def _csv_record(path: Path) -> Path:
    return path.with_name(f"{path.name}.spec.json")
