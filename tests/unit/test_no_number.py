"""Modules that say `DECIDES_NO_NUMBER`: what they return is nowhere used.

An edit of such a module re-runs nothing, so nothing may come back of it into what is computed. Its
functions may be called for what they do, may make the error that is raised, and may make an object
of which only methods are called, likewise for what they do, here or as a training's hook
`on_epoch`. Those in `PASSING` return what they are given: that they do is shown by running the
workflow without them, in tests/workflow.
"""

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from resound import provenance

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "resound"
# What they return is their first argument.
PASSING = {"job", "track"}

MODULES = sorted(PACKAGE.rglob("*.py"))
DECLARED = {path: provenance.why_left_out(path) for path in MODULES}
DECLARED = {path: reason for path, reason in DECLARED.items() if reason}
USERS = [
    *(path for path in MODULES if path not in DECLARED),
    *sorted((ROOT / "workflow" / "scripts").glob("*.py")),
]
NAMES = {
    "resound." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in DECLARED
}


def leaks(source: str, declared: set[str]) -> list[str]:
    """Return the expressions of a file into which something of the `declared` modules flows."""
    tree = ast.parse(source)
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    loads = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]

    def uses(name: str) -> Iterator[str]:
        """Yield in what a name is used, all scopes of a file taken together."""
        return itertools.chain(*(flows(node) for node in loads if node.id == name))

    def flows(node: ast.expr) -> Iterator[str]:
        """Yield in what the value of `node` is used."""
        match above[node]:
            case ast.Expr() | ast.withitem(optional_vars=None) | ast.keyword(arg="on_epoch"):
                pass
            case ast.Raise(exc=raised) if raised is node:
                pass
            case ast.withitem(optional_vars=ast.Name(id=name)):
                yield from uses(name)
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield from uses(name)
            case (ast.Call(func=called) | ast.Attribute(value=called)) as value if called is node:
                yield from flows(value)
            case other:
                yield ast.unparse(other)

    imported = [name for node in ast.walk(tree) for name in names_from(node, declared)]
    return list(itertools.chain(*map(uses, sorted({*imported} - PASSING))))


def names_from(node: ast.AST, declared: set[str]) -> Iterator[str]:
    """Yield the names by which a file knows the `declared` modules and what they offer."""
    if isinstance(node, ast.Import):
        assert not declared & {alias.name for alias in node.names}, "import names from it instead"
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            if declared & {node.module, f"{node.module}.{alias.name}"}:
                assert alias.asname is None, "its own name tells what may be done with it"
                yield alias.name


def test_it_is_told_of_all_that_surrounds_jobs():
    jobs = {path for path in PACKAGE.glob("jobs/*.py") if path.name != "__init__.py"}
    assert jobs < DECLARED.keys()


@pytest.mark.parametrize("path", DECLARED, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_reason_is_a_sentence(path):
    assert DECLARED[path].endswith(".")
    assert " " in DECLARED[path]


@pytest.mark.parametrize("path", USERS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_nothing_comes_back_of_what_decides_no_number(path):
    assert leaks(path.read_text(), NAMES) == []


def test_a_hook_is_called_for_what_it_does():
    """Nothing that it returns is used either, and no statement depends on it."""
    calls = 0
    for path in USERS:
        tree = ast.parse(path.read_text())
        statements = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "on_epoch":
                assert node in statements, f"{path}: {ast.unparse(node)}"
                calls += 1
    assert calls > 0


IMPORTS = """
from resound.quiet import LIMIT, Tracker, bar, give_back, refused, track
from resound import quiet
"""


@pytest.mark.parametrize(
    "used",
    [
        "give_back(array)",
        "quiet.give_back(array)",
        "raise refused(array)",
        "with bar(9): f()",
        "with bar(9) as advance: advance(1)",
        "tracker = Tracker(1)\ntracker.finish(2)\ntrain(on_epoch=tracker.epoch)",
        "for item in track(items): print(item)",
        "raise refused(array) from error",
    ],
)
def test_what_may_be_done(used):
    assert leaks(IMPORTS + used, {"resound.quiet"}) == []


@pytest.mark.parametrize(
    "used",
    [
        "array = give_back(array)\nprint(array)",
        "f(give_back(array))",
        "if quiet.check(): pass",
        "x[:LIMIT]",
        "x = [quiet.LIMIT]",
        "with bar(9) as advance: n = advance(1) + 1",
        "with bar(9) as (advance, n): pass",
        "tracker = Tracker(1)\nn = tracker.run.n + 1",
        "train(seed=Tracker(1).seed)",
        "try: f()\nexcept Tracker: pass",
        "raise Problem from refused(array)",
        "return refused(array)",
        "class Mine(Tracker): pass",
        "@bar\ndef f(): pass",
        "n = (m := bar(9))",
    ],
)
def test_what_would_let_a_number_through(used):
    assert leaks(IMPORTS + used, {"resound.quiet"}) != []
