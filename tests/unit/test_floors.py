"""Imports go down only: the floors of the house, and what each may import from outside."""

import ast
import graphlib
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "resound"

# From the ground up. A room imports from itself and from floors below its own.
FLOORS = [
    {"errors", "pages"},
    {"registry", "files"},
    {"provenance", "jobs"},
    {"experiment", "compiled", "store", "audio", "metrics", "models", "retrieval"},
    {"dsp"},
    {"data", "features", "distances"},
    {"banks", "encoders"},
    {"training"},
    {"evaluation"},
    {"plots", "query_by_example", "searching"},
    {"report"},
    {"serving"},
    {"commands"},
    {"cli"},
]
HEIGHT = {room: height for height, floor in enumerate(FLOORS) for room in floor}
LOOSE_MODULES = 9

# What parsing the workflow imports: no numpy, no torch.
LIGHT = {"errors", "registry", "files", "provenance", "experiment"}
# Arrays in, arrays out: no files, no config, no environment.
PURE = {"compiled", "dsp", "features", "distances", "retrieval", "metrics"}
BELOW_PURE = {"errors", "registry", "provenance", "pages"}
NUMERIC = {"numpy", "scipy", "numba", "llvmlite"}
OUTSIDE = {
    **dict.fromkeys(LIGHT, {"jsonschema", "yaml"}),
    **dict.fromkeys(PURE, NUMERIC),
    "metrics": NUMERIC | {"sklearn"},
    "distances": NUMERIC | {"threadpoolctl"},
    "retrieval": NUMERIC | {"threadpoolctl"},
    "jobs": {"tqdm"},
    "models": {"torch"},
    "searching": {"numpy", "pandas", "pyarrow", "soxr", "torch", "filelock", "lancedb"}
    | {"sklearn"},
    "serving": {"numpy", "pandas", "seaborn", "PIL", "soundfile", "starlette", "uvicorn"},
    "encoders": {"torch", "numpy", "transformers", "safetensors", "huggingface_hub"}
    | {"onnxruntime"},
    "training": {"lightning", "numpy", "pandas", "safetensors", "scipy", "torch", "wandb"},
    **dict.fromkeys(
        ("store", "data", "audio"),
        {"numpy", "scipy", "pandas", "pyarrow", "soundfile", "soxr", "yaml"},
    ),
}
FILE_ACCESS = {"os", "pathlib", "io", "shutil", "tempfile"}

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def modules_of(path: Path) -> set[str]:
    """Return the dotted names of the package's modules that a file imports."""
    names = {name for name in imported(path) if name.startswith("resound.")}
    return {name for name in names | {name.rpartition(".")[0] for name in names} if name in BY_NAME}


def ours(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imported(path) if name.startswith("resound.")}


BY_NAME = {
    "resound." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in MODULES
}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_go_down_only(path):
    room = room_of(path)
    assert room in HEIGHT, f"{room} stands on no floor; give it one in this test"
    upwards = {other for other in ours(path) - {room} if HEIGHT[other] >= HEIGHT[room]}
    assert not upwards, f"{room} imports upwards: {upwards}"
    if room in OUTSIDE:
        others = {name.split(".")[0] for name in imported(path)} - set(sys.stdlib_module_names)
        assert others <= OUTSIDE[room] | {"resound"}, f"{room} imports {others - OUTSIDE[room]}"
    if room in PURE:
        assert ours(path) <= PURE | BELOW_PURE, f"{room} is not pure any more"
    if room in PURE | {"models"}:
        assert not {name.split(".")[0] for name in imported(path)} & FILE_ACCESS, "it opens files"
    if room in LIGHT:
        assert ours(path) <= LIGHT, f"{room} makes parsing the workflow slow"


def test_no_modules_import_each_other_in_a_circle():
    graph = {name: modules_of(path) for name, path in BY_NAME.items()}
    list(graphlib.TopologicalSorter(graph).static_order())


def test_few_modules_stand_outside_the_rooms():
    assert len([path for path in MODULES if path.parent == PACKAGE]) <= LOOSE_MODULES


PACKAGES = sorted(path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE)


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_package_files_are_empty(folder):
    """An import there would put its modules into the code digest of every script."""
    if folder.name == "features":
        return  # whose two verbs are what the room is for
    assert (folder / "__init__.py").read_text() == ""
