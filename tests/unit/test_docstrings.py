"""Docstrings: a subject first, the shape of every array, and examples that run."""

import ast
import doctest
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "resound"
PURE = ("dsp", "features", "distances", "retrieval", "metrics")
WITH_ARRAYS = (
    *PURE, "audio", "banks", "store", "data", "models", "encoders", "evaluation", "training",
    "plots", "report",
)  # fmt: skip
# Each of their modules shows in an example what a user types; any other may, and its examples run.
WITH_EXAMPLES = (
    *PURE, "audio", "banks", "store", "files", "errors", "registry", "provenance",
    "models", "training/losses", "encoders/heads",
)  # fmt: skip
# Nothing can be shown of these without a subclass.
BASES = {"models/classifier", "training/losses/loss", "encoders/heads/head"}

ARRAY_TYPES = {"NDArray", "ndarray", "ArrayLike", "Tensor"}
PROMPT = ">>> "
QUESTION = re.compile(r"(?:What|Which|Who|Where|When|Why|How)\b")
TERM = r"\w+(?: (?:[-+*/]|//) \w+)*"
# n_mels, 1 + n_fft // 2, 3 * (1 + n_fft // 2), len(paths), ...
SIZE = rf"(?:\.\.\.|{TERM}|\w+ \* \({TERM}\)|\w+\({TERM}\))"
SHAPE = rf"\((?:|{SIZE},|{SIZE}(?:, {SIZE})+)\)"
SHAPELESS = r"\bscalar\b|\bany shape\b"
SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)
ENTRY = re.compile(r"^(?=\S)", re.MULTILINE)


def modules_of(rooms: tuple[str, ...]) -> list[Path]:
    """Return the public modules of `rooms`."""
    files = [PACKAGE / f"{room}.py" for room in rooms if (PACKAGE / f"{room}.py").exists()]
    files += [path for room in rooms for path in (PACKAGE / room).rglob("*.py")]
    return sorted(path for path in files if not path.name.startswith("_"))


def all_modules() -> list[Path]:
    """Return the modules of the package; files that make a folder a package may be empty."""
    return sorted(path for path in PACKAGE.rglob("*.py") if path.read_bytes().strip())


def with_prompt() -> list[Path]:
    """Return the modules that hold an example."""
    return [path for path in all_modules() if PROMPT in path.read_text(encoding="utf-8")]


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


def names_in(annotation: ast.AST | None) -> set[str]:
    """Return the names of types in an annotation, without those that a callable takes or gives."""
    match annotation:
        case None:
            return set()
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return {name}
        case ast.Constant(value=str(text)):
            return names_in(ast.parse(text, mode="eval").body)
        case ast.Subscript(value=ast.Name(id="Callable")):
            return set()
        case _:
            return set().union(*map(names_in, ast.iter_child_nodes(annotation)))


def array_names() -> set[str]:
    """Return the names of array types, with those that the package gives to such types itself."""
    names = set(ARRAY_TYPES)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_bytes()).body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript() as value):
                    if names_in(value) & ARRAY_TYPES:
                        names.add(name)
    return names


ARRAYS = array_names()


def is_array(annotation: ast.AST | None) -> bool:
    return bool(names_in(annotation) & ARRAYS)


def arrays_in(node: ast.AST) -> tuple[list[str], bool]:
    """Return which parameters of a function or class are arrays, and whether it returns one."""
    match node:
        case ast.FunctionDef(args=args, returns=returns):
            taken = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
            return [a.arg for a in taken if a and is_array(a.annotation)], is_array(returns)
        case ast.ClassDef(body=body):
            fields = [n for n in body if isinstance(n, ast.AnnAssign) and is_array(n.annotation)]
            names = [n.target.id for n in fields if isinstance(n.target, ast.Name)]
            inits = [n for n in body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
            return names + [name for init in inits for name in arrays_in(init)[0]], False
    return [], False


def public_nodes(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Yield the public functions and classes of a module, and the public methods of these."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_nodes(node, f"{prefix}{node.name}.")


def sections(docstring: str) -> dict[str, str]:
    """Return the text of each section of a numpydoc docstring; that before the first is "prose"."""
    prose, *parts = SECTION.split(docstring)
    return {"prose": prose} | dict(zip(parts[::2], parts[1::2], strict=True))


def entry_of(name: str, text: str) -> str:
    """Return the entry of a parameter in a section, or nothing."""
    for entry in ENTRY.split(text):
        names, colon, _ = entry.partition(" :")
        if colon and name in re.split(r", ", names.replace("*", "")):
            return entry
    return ""


def without_shape(node: ast.AST) -> list[str]:
    """Return the arrays of a function or class whose shape its docstring does not tell."""
    parameters, returned = arrays_in(node)
    parts = sections(ast.get_docstring(node) or "")
    told = f"{SHAPE}|{SHAPELESS}"
    missing = []
    for name in parameters:
        entry = entry_of(name, parts.get("Parameters", "") + parts.get("Attributes", ""))
        beside = rf"`{name}`,? (?:of shape )?(?:{SHAPE})"
        if not re.search(told, entry) and not re.search(beside, parts["prose"]):
            missing.append(name)
    if returned:
        beside = rf"(?<!`) (?:{told})"
        given = parts.get("Returns", "") + parts.get("Yields", "")
        if not re.search(told, given) and not re.search(beside, parts["prose"]):
            missing.append("what it returns")
    return missing


@pytest.mark.parametrize("path", modules_of(WITH_ARRAYS), ids=name_of)
def test_a_docstring_tells_the_shape_of_every_array(path):
    nodes = public_nodes(ast.parse(path.read_bytes()))
    missing = {name: arrays for name, node in nodes if (arrays := without_shape(node))}
    assert not missing, f"{path.name}: give these a shape such as (n_clips, n_frames): {missing}"


def test_shapes_are_missed_where_they_are_not_told():
    source = '''
def told(x: FloatArray, *, name: str) -> npt.NDArray[np.floating]:
    """Return it.

    Parameters
    ----------
    x : ndarray, shape (..., 1 + n_fft // 2)
        A spectrum.
    name : str
        Text.

    Returns
    -------
    ndarray, shape (Q,)
    """

def beside(x: torch.Tensor) -> torch.Tensor:
    """Return the codes (B, D) of the planes `x` (B, 1, T)."""

def silent(x: npt.ArrayLike | None, apply: Callable[[FloatArray], None]) -> "npt.NDArray[int]":
    """Return the `x` (that is a clip), of a kind (see above).

    Parameters
    ----------
    x : ndarray
        A clip.
    """
'''
    missing = [without_shape(node) for _, node in public_nodes(ast.parse(source))]
    assert missing == [[], [], ["x", "what it returns"]]


def test_the_packages_own_array_types_are_known():
    assert {"FloatArray", "ComplexArray", "Float64", "Scores"} <= ARRAYS
    assert not {"Metric", "SetBands"} & ARRAYS


@pytest.mark.parametrize("path", all_modules(), ids=name_of)
def test_a_module_begins_with_its_subject(path):
    first = (ast.get_docstring(ast.parse(path.read_bytes())) or "").partition("\n")[0]
    assert first, f"{path.name} has no docstring; begin it with the name of what it holds"
    assert not QUESTION.match(first), f"{path.name}: {first!r} must begin with a name, not ask"


@pytest.mark.parametrize("path", modules_of(WITH_EXAMPLES), ids=name_of)
def test_a_module_has_an_example(path):
    shown = PROMPT in path.read_text(encoding="utf-8") or name_of(path) in BASES
    assert shown, f"{path.name} has no example; show in its docstring what a user types"


@pytest.mark.parametrize("path", with_prompt(), ids=name_of)
def test_examples_run(path):
    module = importlib.import_module("resound." + name_of(path).replace("/", "."))
    examples = [test for test in doctest.DocTestFinder().find(module) if test.examples]
    assert examples, f"{path.name} has a prompt that is no example; put it into a docstring"
    runner = doctest.DocTestRunner(verbose=False)
    report: list[str] = []
    for test in examples:
        runner.run(test, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)
