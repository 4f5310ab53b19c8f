"""What is dear to make and only looked at is made once, also where several processes test."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder of this process's own that holds what `make` puts into an empty one.

    The first of several processes makes it, with both cores where `make` uses them, while the
    others wait; they copy it, time stamps included.
    """
    own = factory.mktemp(name)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        make(own)
        return own
    shared = factory.getbasetemp().parent / name
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            make(own)
            whole = shutil.copytree(own, own.with_name(f"{name}-copy"), symlinks=True)
            whole.rename(shared)
            return own
    return Path(shutil.copytree(shared, own, symlinks=True, dirs_exist_ok=True))
