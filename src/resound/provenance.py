"""Fingerprints of the code that a job runs, for Snakemake's params.

Snakemake watches the script of a rule but not the modules that the script imports. `code_of`
follows a script's imports inside the package by reading syntax trees (nothing is executed) and
maps each file to a digest of its tree without the words that a person reads; `code_digest` is one
for all of them. A comment, a docstring, the message of an error, a warning or a line of a log
changes nothing; a changed statement re-runs exactly the jobs whose script reaches it.

Imports made by name at run time cannot be seen: a rule that picks a feature or a distance from a
registry names the module behind it as well, ``code_digest(script, FEATURES.entry(name).module)``.
"""

import ast
import functools
import hashlib
import json
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from resound.registry import SOURCE

PACKAGE = "resound"
NUMERIC_LIBRARIES = ("numba", "numpy", "scipy", "soundfile", "soxr")
TRAINING_LIBRARIES = ("lightning", "numpy", "torch")
# What the package logs and warns by.
LOGS = ("log", "logger", "logging", "warnings")
LEVELS = ("debug", "info", "warning", "error", "exception", "critical", "warn")


@functools.cache
def code_of(script: str | Path, *modules: str) -> dict[str, str]:
    """Map every file that `script` and `modules` reach inside the package to its digest.

    Parameters
    ----------
    script : path
        A Python file, inside or outside the package.
    *modules : str
        Dotted names of modules that the script imports by name at run time.

    Returns
    -------
    dict of str to str
        Paths relative to the repository, sorted, with 12 hexadecimal digits each. The digest is
        of `ast.dump`, whose form differs between minor versions of Python: another interpreter
        re-runs everything once.
    """
    files = closure(Path(script).resolve(), *modules)
    return {_short(path): _parsed(path)[0] for path in sorted(files)}


def code_digest(script: str | Path, *modules: str) -> str:
    """Return one digest of all that `code_of` lists: short enough to be read as a reason."""
    listed = json.dumps(code_of(script, *modules))
    return hashlib.sha256(listed.encode()).hexdigest()[:12]


def closure(script: Path, *modules: str) -> set[Path]:
    """Return the files of the package that are imported, directly or not, `script` included."""
    todo = [script, *(file for name in modules for file in _files(SOURCE, name))]
    seen: set[Path] = set()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += (file for name in _parsed(path)[1] for file in _files(SOURCE, name))
    return seen


def spec_digest(*specs: Any) -> str:
    """Return a digest of specs, plain built-ins, that is short enough for a file's name."""
    listed = json.dumps(specs, sort_keys=True)
    return hashlib.sha256(listed.encode()).hexdigest()[:16]


def numeric_versions(strict: bool, libraries: Sequence[str] = NUMERIC_LIBRARIES) -> dict[str, str]:
    """Return the versions of libraries that change numbers; empty unless `strict`."""
    return {name: metadata.version(name) for name in libraries} if strict else {}


@functools.cache
def _parsed(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the digest of a file and the dotted names that it imports."""
    tree = ast.parse(path.read_bytes(), str(path))
    imports = tuple(_imports(tree, path))
    for node in ast.walk(tree):
        _drop_words(node)
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:12], imports


def _drop_words(node: ast.AST) -> None:
    """Take away what is said to a person: a docstring, an error's message, a line of a log."""
    match node:
        case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        # Of several arguments some are data that whoever catches the error reads.
        case ast.Raise(exc=ast.Call(args=[_], keywords=[]) as error):
            error.args = []
        case ast.Expr(value=ast.Call() as call) if _is_said(call.func):
            call.args, call.keywords = [], []


def _is_said(function: ast.expr) -> bool:
    """Whether a call by itself prints, logs or warns."""
    match function:
        case ast.Name(id="print"):
            return True
        case ast.Attribute(value=ast.Name(id=name), attr=level):
            return name in LOGS and level in LEVELS
    return False


def _imports(tree: ast.Module, path: Path) -> Iterator[str]:
    here = path.relative_to(SOURCE).parent.parts if path.is_relative_to(SOURCE) else ()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1] if node.level else ()
            base = ".".join((*above, *filter(None, [node.module])))
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


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
