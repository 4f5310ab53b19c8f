"""librosa, to compare with, imported by one process at a time.

librosa compiles functions as it is imported, and numba keeps each in two files: the function and
its gufunc wrapper. Two processes that compile at the same time can leave the wrapper of one beside
the function of the other; whoever calls the pair ends in a segmentation fault
(https://github.com/numba/numba/issues/10128). So the first process compiles, and the others wait.
"""

import importlib
from pathlib import Path
from types import ModuleType

from filelock import FileLock
from numba.core.caching import FunctionCache

# The modules that compile when they are imported, and those that we compare with.
COMPILING = ("core.audio", "core.pitch", "util.utils")
COMPARED = ("core.spectrum", "core.convert", "feature", "filters", "sequence")


def _import() -> ModuleType:
    folder = Path(FunctionCache(_import).cache_path)
    with FileLock(folder / "librosa.lock"):
        for name in (*COMPILING, *COMPARED):
            importlib.import_module(f"librosa.{name}")
        return importlib.import_module("librosa")


librosa = _import()
