"""Functions that numba compiles for one type of numbers at a time, and keeps from run to run.

numba's own cache watches the file of a function and not what the function is made of: kernels
inline helpers, vector operations and constants of other modules, and an edit there would go
unnoticed. Here a compiled function is as fresh as the digest of all that its module imports
(`resound.provenance`). A comment recompiles nothing.
"""

# mypy: disallow-subclassing-any=False

import functools
import inspect
import threading
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.sigutils import normalize_signature
from numba.core.typeconv import Conversion

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


class Kernel:
    """A function that is compiled for each of its signatures when it is first called so.

    Which types of numbers are needed is not known before, and compiling takes seconds a type.

    Attributes
    ----------
    dispatcher : numba dispatcher
        Of numba; it holds what is compiled.
    """

    def __init__(self, dispatcher: Any, signatures: Sequence[str]) -> None:
        functools.update_wrapper(self, dispatcher.py_func)
        self.dispatcher = dispatcher
        self._signatures = [normalize_signature(signature)[0] for signature in signatures]
        self._ready: set[tuple[Any, ...]] = set()
        self._lock = threading.Lock()

    def __call__(self, *arguments: Any) -> Any:
        """Call the function; TypeError where no signature takes the arguments."""
        types = tuple(map(numba.typeof, arguments))
        if types not in self._ready:
            with self._lock:
                self._compile(types)
        return self.dispatcher(*arguments)

    def _compile(self, types: tuple[Any, ...]) -> None:
        """Compile the first signature that takes arguments of these types, or load it."""
        taken = next((taken for taken in self._signatures if self._take(taken, types)), None)
        if taken is None:
            raise TypeError(
                f"{self.dispatcher.py_func.__name__} takes {self._signatures}, not {types}"
            )
        if taken not in self.dispatcher.overloads:
            self.dispatcher.disable_compile(False)
            self.dispatcher.compile(taken)
            self.dispatcher.disable_compile()  # it would compile for strided arrays, say
        self._ready.add(types)

    def _take(self, taken: Sequence[Any], types: Sequence[Any]) -> bool:
        if len(taken) != len(types):
            return False
        convert = self.dispatcher.typingctx.can_convert
        ways = [convert(*pair) for pair in zip(types, taken, strict=True)]
        return all(way is not None and way < Conversion.unsafe for way in ways)


def kernel(signatures: Sequence[str], *, parallel: bool = False) -> Callable[..., Any]:
    """Compile the decorated function for `signatures` and no others, or load it from the cache.

    Each is compiled or loaded at the first call that it fits. Processes that compile at the same
    time write the same entries under the same names. The function runs without Python's global
    lock.

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
        The decorator, which returns a `Kernel`.
    """

    def compiled(function: Callable[..., Any]) -> Kernel:
        dispatcher = numba.njit(nogil=True, parallel=parallel, error_model="numpy")(function)
        dispatcher._cache = _Cache(function)
        return Kernel(dispatcher, signatures)

    return compiled
