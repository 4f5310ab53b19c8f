"""Zip archives: unpacked only when nothing in them is damaged or would leave the folder.

`zipfile` reads them. What its ``extractall``, and so ``pooch.Unzip``, takes without a word is
refused beforehand: names that it would change, members that come twice, sizes without end.
"""

import stat
import zipfile
import zlib
from collections import Counter
from pathlib import Path

from resound.data.cliplist import is_plain_name
from resound.data.faults import raise_faults
from resound.errors import DataError
from resound.jobs.progress import track

LARGEST_TOTAL_BYTES = 4 * 10**9
MOST_MEMBERS = 100_000
ENCRYPTED = 0x1
BLOCK_BYTES = 2**20


def unpack_zip(archive: Path, folder: Path, *, largest_total: int = LARGEST_TOTAL_BYTES) -> None:
    """Unpack `archive` into the new folder `folder`, once every member's name is known to be safe.

    Parameters
    ----------
    archive : pathlib.Path
        A zip file.
    folder : pathlib.Path
        Made here; the caller removes it when this fails.
    largest_total : int
        Bytes that the members may have unpacked, together, by their headers. No member can unpack
        to more than its header says.

    Raises
    ------
    DataError
        When the file is no zip archive, is damaged, a member would leave the folder (by ``..``, an
        absolute path, a drive letter or a backslash), is a link, is encrypted or comes twice, or
        the archive is larger than the limits.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     archive = Path(folder, "clips.zip")
    ...     with zipfile.ZipFile(archive, "w") as file:
    ...         file.writestr("audio/a.wav", b"...")
    ...     unpack_zip(archive, Path(folder, "unpacked"))
    ...     [path.name for path in Path(folder, "unpacked", "audio").iterdir()]
    ['a.wav']
    """
    try:
        with zipfile.ZipFile(archive) as file:
            members = file.infolist()
            raise_faults(archive, _faults(members, largest_total), "do not use this archive")
            for member in track(members, "unpack"):
                _unpack(file, member, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        start = _first_bytes(archive)
        raise DataError(
            f"{archive}: is not a whole zip archive ({error}; it starts with {start!r}); delete it "
            "and fetch it again"
        ) from error


def _faults(members: list[zipfile.ZipInfo], largest_total: int) -> list[str]:
    total = sum(member.file_size for member in members)
    faults = [f"{member.filename!r} {fault}" for member in members if (fault := _fault(member))]
    copies = Counter(member.filename.rstrip("/") for member in members)
    faults += [f"{name!r} comes {n} times" for name, n in copies.items() if n > 1]
    if total > largest_total:
        faults.append(f"would unpack to {total} bytes, more than {largest_total}")
    if len(members) > MOST_MEMBERS:
        faults.append(f"has {len(members)} members, more than {MOST_MEMBERS}")
    return faults


def _fault(member: zipfile.ZipInfo) -> str:
    # The name as stored: zipfile itself changes backslashes on Windows and cuts at a NUL.
    parts = member.orig_filename.removesuffix("/").split("/")
    if not all(is_plain_name(part) for part in parts):
        return "would leave the folder it is unpacked to"
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a special file"
    if member.flag_bits & ENCRYPTED:
        return "is encrypted"
    return ""


def _unpack(file: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    path = folder / member.filename
    if member.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with file.open(member) as source, path.open("xb") as target:
        while block := source.read(BLOCK_BYTES):
            target.write(block)


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)
