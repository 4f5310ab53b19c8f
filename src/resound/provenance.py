"""Fingerprints of the code that a job runs, for Snakemake's params.

Snakemake watches the script of a rule but not the modules that the script imports. `code_of`
follows a script's imports inside the package by reading syntax trees (nothing is executed) and
maps each file to a digest of its tree without the words that a person reads; `code_digest` is one
for all of them. A comment, a docstring, the message of an error, a warning or a line of a log
changes nothing; a changed statement re-runs exactly the jobs whose script reaches it.

A module through which nothing flows that is computed says so in one sentence,

    DECIDES_NO_NUMBER = "What is tracked passes through as it is; bars go to the terminal."

and is left out, with all that only such modules import. ``tests/unit/test_no_number.py`` and
``tests/workflow/test_silent_modules.py`` prove it of each.

Imports made by name at run time cannot be seen: a rule that picks a feature or a distance from a
registry names the module behind it as well, ``code_digest(script, FEATURES.entry(name).module)``.
"""

import ast
import atexit
import contextlib
import functools
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from resound.errors import StoreError
from resound.files import write_text
from resound.registry import SOURCE, tree_of

PACKAGE = "resound"
NUMERIC_LIBRARIES = ("numba", "numpy", "scipy", "soundfile", "soxr")
TRAINING_LIBRARIES = ("lightning", "numpy", "torch")
# What the package logs and warns by.
LOGS = ("log", "logger", "logging", "warnings")
LEVELS = ("debug", "info", "warning", "error", "exception", "critical", "warn")
LEFT_OUT = "DECIDES_NO_NUMBER"
# Where a file speaks to a person: see `_drop_words`.
_WITH_WORDS = (
    ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Raise, ast.Expr,
)  # fmt: skip


# What was read of files, by their names and bytes, in this process or, with `remember`, before; and
# what of it this process has asked for.
_remembered: dict[str, Any] = {}
_used: set[str] = set()


class _Code(NamedTuple):
    """What a file does, as a digest, and the dotted names that it imports."""

    digest: str
    imports: tuple[str, ...]


@functools.cache
def code_of(script: str | Path, *modules: str) -> dict[str, str]:
    """Map every file that `script` and `modules` reach inside the package to its digest.

    Parameters
    ----------
    script : path
        A Python file, inside or outside the package.
    *modules : str
        Dotted names of modules that the script imports by name at run time. Neither they nor
        the script are left out, whatever they say of themselves.

    Returns
    -------
    dict of str to str
        Paths relative to the repository, sorted, with 12 hexadecimal digits each. The digest is
        of `ast.dump`, whose form differs between minor versions of Python: another interpreter
        re-runs everything once.
    """
    files = closure(Path(script).resolve(), *modules)
    return {_short(path): _parsed(path).digest for path in sorted(files)}


def code_digest(script: str | Path, *modules: str) -> str:
    """Return one digest of all that `code_of` lists: short enough to be read as a reason."""
    listed = json.dumps(code_of(script, *modules))
    return hashlib.sha256(listed.encode()).hexdigest()[:12]


def closure(script: Path, *modules: str) -> set[Path]:
    """Return the files that decide numbers and are imported, directly or not; `script` is first."""
    todo = [script, *(file for name in modules for file in _files(SOURCE, name))]
    seen: set[Path] = set()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            imported = (file for name in _parsed(path).imports for file in _files(SOURCE, name))
            todo += (file for file in imported if why_left_out(file) is None)
    return seen


@functools.cache
def why_left_out(path: Path) -> str | None:
    """Return why a module decides no number, in its own words; None where it does not say so."""
    text = path.read_bytes()
    # Few do, and the others need not be parsed for it.
    for node in tree_of(path).body if LEFT_OUT.encode() in text else ():
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Constant(value=str() as reason)
            ) if name == LEFT_OUT:
                return reason or None
    return None


def spec_digest(*specs: Any) -> str:
    """Return a digest of specs, plain built-ins, that is short enough for a file's name.

    Examples
    --------
    The order of keys decides nothing:

    >>> spec_digest({"seed": 0, "hop": 512}) == spec_digest({"hop": 512, "seed": 0})
    True
    """
    listed = json.dumps(specs, sort_keys=True)
    return hashlib.sha256(listed.encode()).hexdigest()[:16]


def numeric_versions(strict: bool, libraries: Sequence[str] = NUMERIC_LIBRARIES) -> dict[str, str]:
    """Return the versions of libraries that change numbers; empty unless `strict`."""
    return {name: metadata.version(name) for name in libraries} if strict else {}


def remember(path: Path) -> None:
    """Keep in a file what was read of code, so that the next process reads what is new alone.

    What is kept is found by a file's name and its bytes: it is what would be read. Parsing all
    modules is near half of what a run takes that finds nothing to be done.
    """
    try:
        kept = json.loads(path.read_bytes())
    except (OSError, ValueError):
        kept = None
    _remembered.update(kept if isinstance(kept, dict) else {})
    known = len(_remembered)

    def keep() -> None:
        if len(_remembered) > known:
            with contextlib.suppress(OSError, StoreError):  # it is read again
                write_text(path, json.dumps({key: _remembered[key] for key in _used}))

    atexit.register(keep)


@functools.cache
def _parsed(path: Path) -> _Code:
    content = path.read_bytes()
    key = f"{_short(path)} {hashlib.sha256(content + _how()).hexdigest()}"
    _used.add(key)
    match _remembered.get(key):
        # Which words count depends on what the modules behind the imports say of themselves, too.
        case [str(digest), list(imports), list(silent)] if silent == _left_out_of(imports):
            return _Code(digest, tuple(imports))
    found = _read(path)
    _remembered[key] = [found.digest, list(found.imports), _left_out_of(found.imports)]
    return found


@functools.cache
def _how() -> bytes:
    """Return what decides how code is read: this module, and the Python that parses."""
    return Path(__file__).read_bytes() + str(sys.version_info[:2]).encode()


def _left_out_of(imports: Iterable[str]) -> list[str]:
    return sorted({name for name in imports if _is_left_out(name)})


def _read(path: Path) -> _Code:
    tree = tree_of(path)
    nodes = list(ast.walk(tree))
    imports = tuple(_imports(nodes, path))
    outside = _imported_from_left_out(nodes, path)
    for node in nodes:
        if isinstance(node, _WITH_WORDS):
            _drop_words(node, outside)
    return _Code(hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:12], imports)


def _drop_words(node: ast.AST, outside: set[str]) -> None:
    """Take away what is said to a person: a docstring, an error's message, a line of a log.

    `outside` are the functions of modules that decide no number: where nothing comes back of them,
    the words that they are handed are for a person too.
    """
    match node:
        case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        # Of several arguments some are data that whoever catches the error reads.
        case ast.Raise(exc=ast.Call(args=[_], keywords=[]) as error):
            error.args = []
        case (
            ast.Raise(exc=ast.Call(func=ast.Name(id=name)) as call)
            | ast.Expr(value=ast.Call(func=ast.Name(id=name)) as call)
        ) if name in outside:
            call.args = [_without_words(value) for value in call.args]
            for keyword in call.keywords:
                keyword.value = _without_words(keyword.value)
        case ast.Expr(value=ast.Call() as call) if _is_said(call.func):
            call.args, call.keywords = [], []


def _without_words(value: ast.expr) -> ast.expr:
    """Return an argument as it is, or nothing in the place of a text that is written out."""
    is_text = isinstance(value, ast.JoinedStr) or (
        isinstance(value, ast.Constant) and isinstance(value.value, str)
    )
    return ast.Constant("") if is_text else value


def _is_said(function: ast.expr) -> bool:
    """Whether a call by itself prints, logs or warns."""
    match function:
        case ast.Name(id="print"):
            return True
        case ast.Attribute(value=ast.Name(id=name), attr=level):
            return name in LOGS and level in LEVELS
    return False


def _imports(nodes: Iterable[ast.AST], path: Path) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, path)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _imported_from_left_out(nodes: Iterable[ast.AST], path: Path) -> set[str]:
    """Return the names that a file imports from modules which are left out."""
    return {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and _is_left_out(_base(node, path))
        for alias in node.names
    }


def _is_left_out(name: str) -> bool:
    """Whether the module of a dotted name says that it decides no number; not a package above."""
    return any(why_left_out(file) for file in _files(SOURCE, name)[-1:])


def _base(node: ast.ImportFrom, path: Path) -> str:
    """Return the dotted name of the module that a file imports from."""
    here = path.relative_to(SOURCE).parent.parts if path.is_relative_to(SOURCE) else ()
    above = here[: len(here) - node.level + 1] if node.level else ()
    return ".".join((*above, *filter(None, [node.module])))


@functools.cache
def _files(source: Path, name: str) -> tuple[Path, ...]:
    """Return the files behind a dotted name of the package: its packages and the module."""
    parts = name.split(".")
    if parts[0] != PACKAGE:
        return ()
    bases = [source.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    files = (file for base in bases for file in (base.with_suffix(".py"), base / "__init__.py"))
    return tuple(file for file in files if file.is_file())


def _short(path: Path) -> str:
    root = SOURCE.parent
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
