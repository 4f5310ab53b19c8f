"""Functions compiled by numba ahead of their first call, and kept compiled from run to run.

numba's own cache watches the file of a function and not what the function is made of: kernels
inline helpers, vector operations and constants of other modules, and an edit there would go
unnoticed. Here a compiled function is as fresh as the digest of all that its module imports
(`resound.provenance`). A comment recompiles nothing.
"""

# mypy: disallow-subclassing-any=False

import inspect
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile

from resound.provenance import code_digest


class _Cache(FunctionCache):
    """The cache of one function, with the code's digest, and no file that two compilations share.

    numba lists what it compiled of a function, for all signatures and processors, in one index.
    Processes that compile at the same time read, extend and overwrite it, until an entry names
    what is not its code. Here each signature and processor has an index of its own.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._digest = code_digest(inspect.getfile(function))

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        """Return numba's key of a compilation, having turned to its file: it is used next."""
        key = super()._index_key(sig, codegen)
        name = sha256(repr((sig, codegen.magic_tuple())).encode()).hexdigest()[:12]
        base = f"{self._impl.filename_base}.{name}"
        self._cache_file = IndexDataCacheFile(self.cache_path, base, self._digest)
        return key


def kernel(signatures: Sequence[str], *, parallel: bool = False) -> Callable[..., Any]:
    """Compile the decorated function for `signatures` and no others, or load it from the cache.

    Processes that compile at the same time write the same entries under the same names. The
    function runs without Python's global lock.

    Parameters
    ----------
    signatures : sequence of str
        As numba writes them: ``"void(float32[:], int64)"``.
    parallel : bool
        Share ``numba.prange`` among numba's threads. Their default pool serves one caller at a
        time: leave it off in a function that several threads may call at once.

    Returns
    -------
    callable
        The decorator.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(nogil=True, parallel=parallel, error_model="numpy")(function)
        dispatcher._cache = _Cache(function)
        for signature in signatures:
            dispatcher.compile(signature)
        dispatcher.disable_compile()
        return dispatcher

    return compiled
