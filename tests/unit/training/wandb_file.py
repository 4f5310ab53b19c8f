"""Read an offline run of W&B: its log of protocol messages, in LevelDB's format of blocks."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wandb.proto import wandb_internal_pb2

BLOCK = 32 * 1024
HEADER = struct.Struct("<IHB")  # checksum, length, kind of a piece
MAGIC = b":W&B\xe1\xbe\x00"
WHOLE, LAST = 1, 4


def records(folder: Path) -> Iterator[Any]:
    """Yield the messages of the one offline run below `folder`."""
    (path,) = folder.glob("wandb/offline-run-*/run-*.wandb")
    data = path.read_bytes()
    assert data.startswith(MAGIC)
    position, message = len(MAGIC), b""
    while position + HEADER.size <= len(data):
        if BLOCK - position % BLOCK < HEADER.size:
            position += BLOCK - position % BLOCK
            continue
        _, length, kind = HEADER.unpack_from(data, position)
        position += HEADER.size
        message += data[position : position + length]
        position += length
        if kind in (WHOLE, LAST):
            yield wandb_internal_pb2.Record.FromString(message)
            message = b""


def history(folder: Path) -> list[dict[str, str]]:
    """Return what each step logged, as JSON by key; nested keys are joined by dots."""
    return [_items(r.history.item) for r in records(folder) if r.HasField("history")]


def summary(folder: Path) -> dict[str, str]:
    """Return the final summary, as JSON by key."""
    found: dict[str, str] = {}
    for record in records(folder):
        if record.HasField("summary"):
            found |= _items(record.summary.update)
    return found


def _items(items: Any) -> dict[str, str]:
    return {item.key or ".".join(item.nested_key): item.value_json for item in items}
