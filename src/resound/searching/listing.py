"""Sounds in a folder: every file, at any depth, whose name ends as a sound's does."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from resound.audio.endings import ends_as_sound
from resound.errors import DataError, handful
from resound.files import AnyPath, absence


class Sound(NamedTuple):
    """A file of a folder.

    Attributes
    ----------
    path : str
        Below the folder, with ``/`` between its parts.
    size : int
        Bytes.
    modified : int
        When it was last written, nanoseconds since 1970.
    """

    path: str
    size: int
    modified: int


class Unread(NamedTuple):
    """A path below the folder that cannot be read, and why."""

    path: str
    reason: str


class Listing(NamedTuple):
    """What a folder holds: sounds in the order of their paths, and what could not be looked at."""

    sounds: list[Sound]
    unread: list[Unread]

    @property
    def name(self) -> str:
        """A name for these sounds, as they are, short enough to be read as a reason."""
        return f"sounds {hashlib.sha256(json.dumps(self).encode()).hexdigest()[:12]}"

    @property
    def size(self) -> int:
        """Bytes of all sounds together."""
        return sum(sound.size for sound in self.sounds)


def list_sounds(folder: AnyPath) -> Listing:
    """Return the sounds of a folder, at any depth.

    Links to files are followed, links to folders are not: they may lead in a circle. What begins
    with a dot is left out, as is what a name's end does not mark as a sound.

    Parameters
    ----------
    folder : path
        Where to look.

    Returns
    -------
    Listing

    Raises
    ------
    DataError
        When there is no such folder, or no sound in it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "field").mkdir()
    ...     for name in ("field/dusk.FLAC", "notes.txt"):
    ...         _ = Path(folder, name).write_bytes(b"-")
    ...     [sound.path for sound in list_sounds(folder).sounds]
    ['field/dusk.FLAC']
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: {absence(folder, 'folder')}; name one that holds sounds")
    others: Counter[str] = Counter()
    sounds: list[Sound] = []
    unread: list[Unread] = []
    for path in _files(folder, unread):
        if not ends_as_sound(path.name):
            others[path.suffix.lower() or "no ending"] += 1
            continue
        name = path.relative_to(folder).as_posix()
        try:
            name.encode()
            status = path.stat()
            sounds.append(Sound(name, status.st_size, status.st_mtime_ns))
        except UnicodeEncodeError:
            unread.append(Unread(ascii(name), "its name is not UTF-8; rename it"))
        except OSError as error:
            unread.append(Unread(name, error.strerror or str(error)))
    if not sounds:
        raise DataError(f"{folder}: {_nothing(others, unread)}")
    return Listing(sorted(sounds), unread)


def _files(folder: Path, unread: list[Unread]) -> Iterator[Path]:
    def refused(error: OSError) -> None:
        below = os.path.relpath(os.fsdecode(error.filename), folder)
        unread.append(Unread(below, f"cannot be listed: {error.strerror}"))

    for root, folders, files in os.walk(folder, onerror=refused):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root, name) for name in sorted(files) if not name.startswith("."))


def _nothing(others: Counter[str], unread: list[Unread]) -> str:
    """Say what a folder without sounds does hold, and what to do."""
    if unread:
        return f"no sound can be read here; the first fault: {unread[0].path}: {unread[0].reason}"
    if not others:
        return "holds no files; name a folder with sounds"
    kinds = handful([f"{number} of {ending}" for ending, number in others.most_common()])
    return (
        f"holds no sounds but other files ({kinds}); sounds are known by how their names end: "
        ".wav, .flac, .ogg, .mp3, ..."
    )
