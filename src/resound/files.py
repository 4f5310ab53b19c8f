"""Files and folders that appear whole or not at all.

Each is written to a temporary name in its own folder (``.<name>.<process>.<random>.tmp``) and
renamed when complete, so a killed process leaves the old one or none. The temporary that it also
leaves is deleted by the next process that writes the same file.
"""

import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resound.errors import StoreError

AnyPath = str | os.PathLike[str]
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

    >>> one_spelling("./data/"), one_spelling("/data//ESC-50/")
    ('data', '/data/ESC-50')
    """
    relative = os.path.relpath(path)
    outside = Path(relative).parts[:1] == (os.pardir,)
    return os.path.normpath(Path.cwd() / path) if outside else relative
