"""Registries: features, distances, networks and losses by name, found without importing them.

A module registers what it offers with a decorator,

    @FEATURES.register("mfcc")
    def mfcc(waveforms, *, sample_rate, ...): ...

and a `Registry` finds the names by reading the syntax trees of its package. So the workflow can
check names and fingerprint the one module behind a name while it imports neither numpy nor torch;
`registry[name]` imports that module and no other.
"""

import ast
import functools
import importlib
import inspect
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from resound.errors import ParameterError, ResoundError, unknown

SOURCE = Path(__file__).resolve().parents[1]
Registered = TypeVar("Registered", bound=Callable[..., Any])


class Entry(NamedTuple):
    """A registered name: its module, and what the syntax tree tells of it.

    `traits` are the keywords it was registered with; ``extends="mel"`` says that what the function
    does not know itself goes on to that entry. `options` are the keyword-only arguments of the
    function, or of the class's ``__init__``, without those that every entry of the registry has.
    """

    module: str
    traits: dict[str, Any]
    options: tuple[str, ...]


def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a file; ParameterError names the line that is no Python."""
    try:
        return ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"{shown(path)}{f', line {line}' if line else ''}"
        reason = getattr(error, "msg", None) or error
        raise ParameterError(f"{where}: is no Python ({reason}); correct it") from error


def where(code: Callable[..., Any]) -> str:
    """Return the file and line in which a function or class is written, for messages.

    Examples
    --------
    >>> where(where).partition(", line ")[0]
    'src/resound/registry.py'
    """
    code = inspect.unwrap(code)
    try:
        file, line = inspect.getsourcefile(code), inspect.getsourcelines(code)[1]
    except (OSError, TypeError):  # typed in, or compiled
        return f"{code.__module__}.{code.__qualname__}"
    return f"{shown(Path(file or ''))}, line {line}"


def shown(path: Path) -> str:
    """Return a path as messages name it: from the project's folder where it lies there."""
    home = SOURCE.parent
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)


class Registry:
    """Names registered by the modules of one package.

    A file of the package that is no Python, or whose registration cannot be read, registers
    nothing: it is told where a name is asked for that is not known, and stops nothing else.

    Parameters
    ----------
    kind : str
        What the entries are, for messages: ``"feature"``.
    variable : str
        The name by which modules refer to this registry: ``"FEATURES"``.
    package : str
        The package whose modules register: ``"resound.features"``.
    common : sequence of str
        Keyword-only arguments of every entry, which are not options of the one or the other.
    """

    def __init__(self, kind: str, variable: str, package: str, common: Sequence[str]) -> None:
        self.kind, self.variable, self.package, self.common = kind, variable, package, common
        self._loaded: dict[str, Callable[..., Any]] = {}
        self._broken: list[str] = []

    def register(self, name: str, **traits: Any) -> Callable[[Registered], Registered]:
        """Register the decorated function or class under `name`; both arguments are literals."""

        def keep(function: Registered) -> Registered:
            self._loaded[name] = function
            return function

        return keep

    @functools.cached_property
    def entries(self) -> dict[str, Entry]:
        """All names of the registry, sorted, without importing their modules."""
        folder = SOURCE.joinpath(*self.package.split("."))
        found: dict[str, Entry] = {}
        for path in sorted(folder.glob("*.py")):
            module = f"{self.package}.{path.stem}"
            try:
                registered = [*self._registrations(path, module)]
            except ParameterError as error:
                self._broken.append(str(error))
                continue
            for name, entry in registered:
                if name in found:
                    raise ParameterError(
                        f"{self.kind} {name!r} is registered by both {found[name].module} and "
                        f"{module}; give one of them another name"
                    )
                found[name] = entry
        return dict(sorted(found.items()))

    @property
    def broken(self) -> list[str]:
        """What is wrong with each file that registers nothing for it."""
        return self._broken if self.entries else []

    def _registrations(self, path: Path, module: str) -> Iterator[tuple[str, Entry]]:
        for node in tree_of(path).body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            for call in node.decorator_list:
                if isinstance(call, ast.Call) and self._is_register(call.func):
                    options = tuple(n for n in _keyword_only(node) if n not in self.common)
                    try:
                        traits = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg}
                        yield str(ast.literal_eval(call.args[0])), Entry(module, traits, options)
                    except (ValueError, IndexError):
                        raise ParameterError(
                            f"{shown(path)}, line {call.lineno}: {self.variable}.register needs a "
                            "name and traits that are written out, and no variables"
                        ) from None

    def _is_register(self, func: ast.expr) -> bool:
        return (
            isinstance(func, ast.Attribute)
            and func.attr == "register"
            and isinstance(func.value, ast.Name)
            and func.value.id == self.variable
        )

    def entry(self, name: str) -> Entry:
        """Return where `name` is registered; raise ParameterError for an unknown name."""
        if name not in self.entries:
            told = [f"{self.kind} {name!r} {unknown(name, self.entries)}", *self.broken]
            raise ParameterError("; ".join(told))
        return self.entries[name]

    def options(self, name: str) -> tuple[str, ...]:
        """Return the options of an entry, after those of the entry that it ``extends``.

        Examples
        --------
        >>> FEATURES.options("mfcc")
        ('n_mels', 'window', 'win_length', 'htk', 'norm', 'fmin', 'fmax', 'top_db', 'n_mfcc')
        """
        entry = self.entry(name)
        extended = entry.traits.get("extends")
        return (*(self.options(extended) if extended else ()), *entry.options)

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if name not in self._loaded:
            module = self.entry(name).module
            try:
                importlib.import_module(module)
            except ResoundError:
                raise
            except Exception as error:
                place = SOURCE.joinpath(*module.split(".")).with_suffix(".py")
                told = f"{_line(error, place)}: {type(error).__name__}: {error}"
                raise ParameterError(
                    f"{self.kind} {name!r}: {told}; correct it, or install what it needs"
                ) from error
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __contains__(self, name: object) -> bool:
        return name in self.entries


def _line(error: Exception, file: Path) -> str:
    """Return the last line of a file through which an error came."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(file)]
    return f"{shown(file)}{f', line {lines[-1]}' if lines else ''}"


def _keyword_only(node: ast.FunctionDef | ast.ClassDef) -> Iterator[str]:
    """Yield the keyword-only arguments of a function, or of a class's ``__init__``."""
    if isinstance(node, ast.ClassDef):
        methods = (n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__")
        for method in methods:
            yield from _keyword_only(method)
    else:
        yield from (argument.arg for argument in node.args.kwonlyargs)


FEATURES = Registry(
    "feature", "FEATURES", "resound.features", common=("sample_rate", "n_fft", "hop_length")
)
# A distance that compares clips of as many frames only has the trait `one_length`; that of a device
# is the module which computes it there.
DISTANCES = Registry(
    "distance", "DISTANCES", "resound.distances", common=("device", "n_threads", "progress")
)
# What finds the hits of a distance, under the same name and with the same options, without all of
# the distances.
SEARCHES = Registry(
    "search",
    "SEARCHES",
    "resound.distances",
    common=("gallery_ids", "excluded", "n_threads", "progress"),
)
# Each entry makes a table or a figure; its traits say which files it `needs`, which facts it is
# `told` (`resound.experiment.shown` knows the words), and its `place` among the others.
TABLES = Registry("table", "TABLES", "resound.report", common=())
FIGURES = Registry("figure", "FIGURES", "resound.plots", common=())
NETWORKS = Registry("network", "NETWORKS", "resound.models", common=("n_planes",))
AUTOENCODERS = Registry("autoencoder", "AUTOENCODERS", "resound.models", common=("n_planes",))
# Each entry loads an encoder; its traits say what is known before: `sample_rate` in Hz, whether it
# has `text`, AudioSet's `tags`, or can be `masked`, whether it has an `own_layer` before its own
# classes, and which options decide its texts alone, `text_options`.
ENCODERS = Registry("family of encoders", "ENCODERS", "resound.encoders", common=("name",))
# What puts classes on an encoder; `finetune.width` and `finetune.dropout` are those of every head,
# and one with the trait `own_layer` is given the encoder's.
HEADS = Registry("head", "HEADS", "resound.encoders.heads", common=("width", "dropout", "layer"))
# What trains a classifier; `classification.label_smoothing` is that of every loss.
LOSSES = Registry("loss", "LOSSES", "resound.training.losses", common=("label_smoothing",))
REGISTRIES = (
    FEATURES, DISTANCES, TABLES, FIGURES, NETWORKS, ENCODERS, HEADS, LOSSES,
)  # fmt: skip
