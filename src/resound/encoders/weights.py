"""Weights of encoders: found or fetched, and checked before anything reads them."""

import hashlib
import logging
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from resound.errors import CheckpointError, DataError
from resound.experiment.weights import (
    PUBLISHED,
    WEIGHT_FILES,
    Hub,
    Weights,
    cached_file,
    find,
    weight_file,
)
from resound.files import absence

HEAD_BYTES = 512
ZIP_MAGIC = b"PK\x03\x04"
POINTER_MAGIC = b"version https://git-lfs"
FOLDER_FILES = ["*.json", "*.txt"]

log = logging.getLogger(__name__)


def locate(name: str, block: Mapping[str, Any]) -> Path:
    """Return the file or folder that an encoder's config names, downloaded if need be.

    Parameters
    ----------
    name : str
        The encoder, for messages.
    block : mapping
        Its ``weights``: `source`, and perhaps `revision`, `sha256` and `local_files_only`.

    Returns
    -------
    pathlib.Path
        A file, or a folder in transformers' form. Its weights have passed `check_file`.

    Raises
    ------
    CheckpointError
        When they are not here and cannot be had, or are not what they should be.
    """
    weights = Weights.of(block)
    path = find(weights)
    if path is None:
        if weights.url:
            path = _download(name, weights, weights.url)
        elif weights.hub:
            path = _fetch(name, weights, weights.hub)
        else:
            raise CheckpointError(
                f"{weights.source}: there is no such file or folder; {advice(name, weights)}"
            )
    check_path(path, name, weights)
    return path


def checked(path: str | Path, name: str, *, sha256: str | None = None) -> Path:
    """Return a path of this machine whose weights have passed `check_file`.

    Parameters
    ----------
    path : path
        A file, or the folder of one.
    name : str
        The encoder, for messages.
    sha256 : str, optional
        Digest that the file must have; None: the published one, for a file of that name.

    Raises
    ------
    CheckpointError
        When there is no such path, or its weights are not what they should be.
    """
    path = Path(path)
    weights = Weights(str(path), sha256=sha256)
    if not path.exists():
        raise CheckpointError(f"{path}: {absence(path)}; {advice(name, weights)}")
    check_path(path, name, weights)
    return path


def check_path(path: Path, name: str, weights: Weights) -> Path:
    """Check the file of weights that `path` is or holds, and return it; see `check_file`."""
    file = weight_file(path)
    if file is None:
        raise CheckpointError(
            f"{path}: this folder holds no {' and no '.join(WEIGHT_FILES)}; {advice(name, weights)}"
        )
    if not check_file(file, name, weights):
        log.warning(
            "%s: no sha256 is known for it; tell it in encoders.%s.weights.sha256", file, name
        )
    return file


def check_file(file: Path, name: str, weights: Weights) -> bool:
    """Check size, header and sha256 of a file of weights.

    Returns
    -------
    bool
        Whether its digest is known, and so was compared.

    Raises
    ------
    CheckpointError
        When it is empty, a web page, a pointer of git-lfs, of no known form, or another file than
        the config or the catalogue says.
    """
    _check_head(file, name, weights)
    published = weights.published_as(file.name)
    size = file.stat().st_size
    if published and weights.sha256 in (None, published.sha256) and size != published.size:
        raise CheckpointError(
            f"{file}: has {size:,} bytes, not the {published.size:,} of {published.file}: it is "
            f"cut off or another file; {advice(name, weights)}"
        )
    digest = weights.sha256 or (published.sha256 if published else None)
    if digest is None:
        return False
    found = sha256_of(file)
    if found != digest:
        told = f"encoders.{name}.weights.sha256" if weights.sha256 else "the catalogue"
        raise CheckpointError(
            f"{file}: its sha256 is {found}, not {digest}, as {told} says; {advice(name, weights)}"
        )
    return True


def _check_head(file: Path, name: str, weights: Weights) -> None:
    with file.open("rb") as opened:
        head = opened.read(HEAD_BYTES)
    fault = ""
    if not head:
        fault = "is empty"
    elif head.startswith(POINTER_MAGIC):
        fault = "is no checkpoint but a pointer of git-lfs; run `git lfs pull` where it came from"
    elif head.lstrip().startswith(b"<"):
        fault = "is no checkpoint but a web page saved under its name"
    elif file.suffix not in (".safetensors", ".onnx") and not head.startswith(ZIP_MAGIC):
        fault = "is not what torch.save has written since torch 1.6, a zip archive; it is damaged"
    if fault:
        raise CheckpointError(f"{file}: {fault}; {advice(name, weights)}")


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def advice(name: str, weights: Weights) -> str:
    """Say how to get an encoder's weights, and which key names them."""
    key = f"encoders.{name}.weights.source"
    hub, url = weights.hub, weights.url
    if url:
        return (
            f"get it with `{curl_command(url)}` where there is a network, or name a local copy in "
            f"{key}; TORCH_HOME is the folder of torch's cache"
        )
    if hub is not None:
        return (
            f"get it with `{download_command(hub, weights.revision)}` where there is a network, or "
            f"name a local copy in {key}; HF_HOME is the folder of the hub's cache"
        )
    files = " or ".join(entry.file for entry in PUBLISHED if entry.encoder == name)
    return (
        f"name {files or 'the weights'} by path, hub id or URL in {key}; `resound weights` says "
        "where to get it"
    )


def download_command(hub: Hub, revision: str | None) -> str:
    """Return the command that brings what lies on the hub into the hub's cache.

    Examples
    --------
    >>> download_command(Hub("owner/name", "file.pt", "model"), "main")
    'hf download owner/name file.pt --revision main'
    """
    parts = ["hf download", hub.repository, hub.file or ""]
    parts += ["--repo-type dataset"] if hub.kind == "dataset" else []
    parts += [f"--revision {revision}"] if revision else []
    return " ".join(filter(None, parts))


def curl_command(url: str) -> str:
    """Return the command that brings the file of an address into torch's cache."""
    options = ["--fail", "--location", "--create-dirs", "--output", str(cached_file(url))]
    return shlex.join(["curl", *options, url])


def _download(name: str, weights: Weights, url: str) -> Path:
    """Download the file of an address into torch's cache, and return where it lies there."""
    from resound.data.weights import fetch_weights

    path, digest = cached_file(url), weights.digest
    if reason := _forbidden(name, weights):
        raise CheckpointError(
            f"{url}: is not in torch's cache and cannot be downloaded ({reason}); "
            f"{advice(name, weights)}"
        )
    if digest is None:
        raise CheckpointError(
            f"{url}: no sha256 is known for it, so it is not downloaded; tell it in "
            f"encoders.{name}.weights.sha256"
        )
    try:
        fetch_weights(url, digest, path)
    except DataError as error:
        raise CheckpointError(f"{error}; {advice(name, weights)}") from error
    return path


def _fetch(name: str, weights: Weights, hub: Hub) -> Path:
    """Download what is meant into the hub's cache, and return where it lies there."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    known = [weights.published.file] if weights.published else list(WEIGHT_FILES)
    try:
        folder = snapshot_download(
            hub.repository,
            repo_type=hub.kind,
            revision=weights.revision,
            allow_patterns=[hub.file] if hub.file else [*FOLDER_FILES, *known],
            local_files_only=weights.local_files_only,
        )
    except (OSError, HfHubHTTPError) as error:
        raise CheckpointError(
            f"{weights.source}: there is no such path here; as a hub id, its "
            f"{hub.file or ' or '.join(WEIGHT_FILES)} is not in the cache and cannot be downloaded "
            f"({_reason(name, weights, error)}); {advice(name, weights)}"
        ) from error
    path = Path(folder, hub.file or "")
    if not path.exists():
        raise CheckpointError(
            f"{weights.source}: the hub's repository holds no {hub.file}, or only a part of it is "
            f"in the cache; {advice(name, weights)}"
        )
    return path


def _reason(name: str, weights: Weights, error: Exception) -> str:
    """Say why nothing could be downloaded."""
    return _forbidden(name, weights) or str(error).partition("\n")[0]


def _forbidden(name: str, weights: Weights) -> str:
    """Say what forbids a download; empty where nothing does."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON"):
        return "HF_HUB_OFFLINE forbids it"
    if weights.local_files_only:
        return f"encoders.{name}.weights.local_files_only forbids it"
    return ""
