"""Files and folders that appear whole or not at all.

Each is written to a temporary name in its own folder (``.<name>.<process>.<random>.tmp``) and
renamed when complete, so a killed process leaves the old one or none. The temporary that it also
leaves is deleted by the next process that writes the same file.
"""

import codecs
import difflib
import errno
import functools
import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resound.errors import StoreError, as_read

AnyPath = str | os.PathLike[str]
# Of more names beside a file that is missing, one that is spelled a little like it says nothing.
FEW_NAMES = 200
ALIKE = 0.75  # difflib's ratio; 1 is the same name
KINDS = {
    stat.S_IFREG: "a file",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@contextmanager
def replacing(path: AnyPath) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its place when the block ends well.

    The block may write a file or make a folder there. A file replaces `path`; a folder needs that
    `path` is absent or an empty folder. When the block fails, the temporary goes and `path` stays.

    Raises
    ------
    StoreError
        When the disk is full or `path` cannot be written, whichever library finds out.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _delete_leftovers(path)
        yield temporary
        temporary.replace(path)
    except Exception as error:
        reason = _refusal(error, path.parent)
        if reason is None or isinstance(error, StoreError):
            raise
        raise StoreError(
            f"{path}: cannot be written ({reason}); free some space, make the folder writable, or "
            "set another results_dir"
        ) from error
    finally:
        _delete(temporary)


def write_text(path: AnyPath, text: str) -> None:
    """Write `text` to `path` as UTF-8 with its line ends as they are, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode())


def sha256_of(path: Path) -> str:
    """Return the SHA-256 digest of a file's bytes, in hexadecimal; reads it in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def not_utf8(content: bytes) -> str | None:
    """Say which encoding a text seems to have that is not UTF-8, and which line shows it.

    Examples
    --------
    >>> not_utf8("café".encode()), not_utf8("# the café".encode("latin-1"))
    (None, "is no UTF-8 but seems to be Latin-1: line 1 has 'é'; save it as UTF-8")
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "is no UTF-8 but UTF-16; save it as UTF-8"
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        letter = content[error.start : error.start + 1].decode("latin-1")
        return f"is no UTF-8 but seems to be Latin-1: line {line} has {letter!r}; save it as UTF-8"
    return None


def is_file(path: AnyPath) -> bool:
    """Whether there is a file; False too where the name is none or the folder is closed."""
    try:
        return Path(path).is_file()
    except OSError:
        return False


def absence(path: AnyPath, what: str = "file") -> str:
    """Say why there is no file, or folder, at `path`: what stands there, or what name is nearest.

    Examples
    --------
    >>> absence("."), absence("nowhere/clip.wav")
    ('it is a folder', "there is no such file, nor a folder 'nowhere'")
    """
    path = Path(path)
    try:
        return f"it is {KINDS.get(stat.S_IFMT(path.stat().st_mode), 'something else')}"
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        return f"it cannot be looked at ({getattr(error, 'strerror', None) or error})"
    if path.is_symlink():
        return f"it is a link to {str(path.readlink())!r}, which is not there"
    if not path.parent.is_dir():
        return f"there is no such {what}, nor a folder {str(path.parent)!r}"
    near = _nearest(path, what)
    return f"there is no such {what}{f'; the nearest name there is {near!r}' if near else ''}"


def _nearest(path: Path, what: str) -> str | None:
    """Return the name beside `path` that is read as its own, has its stem, or is spelled nearly so.

    The last is told of few names: those of a data set are all alike.
    """
    names = _names(path.parent, what == "folder", path.parent.stat().st_mtime_ns)
    for key in (as_read(path.name), as_read(path.stem)):
        if key in names:
            return names[key]
    if len(names) > FEW_NAMES:
        return None
    return next(iter(difflib.get_close_matches(path.name, names.values(), n=1, cutoff=ALIKE)), None)


@functools.lru_cache(maxsize=8)
def _names(folder: Path, of_folders: bool, changed: int) -> dict[str, str]:
    """Return the names in a folder, by what is read in them and, without their endings, in them."""
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() == of_folders)
    return {as_read(Path(n).stem): n for n in names} | {as_read(name): name for name in names}


def _delete_leftovers(path: Path) -> None:
    """Delete the temporaries of `path` whose processes are gone."""
    pattern = re.compile(re.escape(f".{path.name}.") + r"(\d+)\.[0-9a-f]{8}\.tmp")
    for other in path.parent.iterdir():
        match = pattern.fullmatch(other.name)
        if match and not is_alive(int(match[1])):
            _delete(other)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def _refusal(error: Exception, folder: Path) -> str | None:
    """Return what the file system refused; libraries wrap its errors, and keep the words alone."""
    if isinstance(error, PermissionError) and not os.access(folder, os.W_OK):
        return os.strerror(errno.EACCES)
    for code in REFUSALS:
        reason = os.strerror(code)
        if getattr(error, "errno", None) == code or reason in str(error):
            return reason
    return None


def is_alive(process: int) -> bool:
    """Whether a process of this machine is there; True where that cannot be asked."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def one_spelling(path: str) -> str:
    """Return a path as every spelling of it is: relative inside the working folder, else absolute.

    A ``~`` in front is the home folder, as in a shell.

    >>> one_spelling("./data/"), one_spelling("/data//ESC-50/")
    ('data', '/data/ESC-50')
    """
    if path.partition("/")[0] == "~":
        path = str(Path(path).expanduser())
    relative = os.path.relpath(path)
    outside = Path(relative).parts[:1] == (os.pardir,)
    return os.path.normpath(Path.cwd() / path) if outside else relative
