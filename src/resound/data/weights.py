"""Weights that others published: copied or downloaded, and taken only with the right digest."""

import shutil
from pathlib import Path

from resound.data.download import download
from resound.errors import DataError
from resound.files import absence, is_file
from resound.store import replacing, sha256_of

# Bounds a download whose size nobody has told; the largest encoder has about 2 GB.
LARGEST_BYTES = 2**31


def fetch_weights(source: str, sha256: str, path: Path) -> None:
    """Bring a file of weights to `path`.

    Parameters
    ----------
    source : str
        An ``http`` or ``https`` address, or a path.
    sha256 : str
        Digest that its bytes must have.
    path : pathlib.Path
        Where it goes.

    Raises
    ------
    DataError
        When the source is not there or cannot be had, or the digest is another.

    Examples
    --------
    >>> import hashlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     source, path = Path(folder, "published.pth"), Path(folder, "own.pth")
    ...     digest = hashlib.sha256(b"weights").hexdigest()
    ...     source.write_bytes(b"weights")
    ...     fetch_weights(str(source), digest, path)
    ...     path.read_bytes()
    7
    b'weights'
    """
    with replacing(path) as temporary:
        if source.startswith(("http://", "https://")):
            # Beside `path` and under a lasting name, so that a cut-off download goes on.
            part = download(source, path.with_name(f"{path.name}.download"), size=LARGEST_BYTES)
            part.replace(temporary)
        elif is_file(here := Path(source).expanduser()):
            shutil.copyfile(here, temporary)
        else:
            raise DataError(
                f"{source}: {absence(here)}; give a path or URL of weights in "
                "networks.<network>.weights.source, or null to train from scratch"
            )
        found = sha256_of(temporary)
        if found != sha256:
            raise DataError(
                f"{source}: its sha256 is {found}, not {sha256}; it is another file than the "
                "config names, or was damaged on the way"
            )
