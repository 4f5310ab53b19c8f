"""Imports go down only: the floors of the house, and what each may import from outside."""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "resound"

# Floor 0 is imported by the rules; P is arrays in, arrays out, on `kernels` and `lanes` that
# compiled code of dsp and distances is made of; 1 reads and writes files; S trains.
GROUND = {
    "errors",
    "registry",
    "provenance",
    "tiling",
    "costs",
    "shards",
    "tracking",
    "runs",
    "specs",
    "config",
    "environment",
    "displays",
    "encodings",
    "pretrained",
    "processes",
    "running",
    "overview",
    "pages",
}
FILES = {"files", "store", "data", "audio", "progress"}
PURE = {"kernels", "lanes", "candidates", "dsp", "features", "distances", "retrieval", "metrics"}
NETWORKS = {"models"}
ENCODERS = {"encoders", "tensors"}
TRAINING = {"training"}
TOP = {"banks", "evaluation", "jobs", "plots", "reference", "report", "validation"}
SEARCH = {"similar"}
COMMANDS = {"cli", "commands"}

MAY_IMPORT = {
    **dict.fromkeys(GROUND, GROUND),
    **dict.fromkeys(FILES, GROUND | FILES),
    "kernels": {"provenance"},
    "lanes": set(),
    "dsp": {"errors", "dsp", "kernels", "lanes"},
    "features": {"errors", "registry", "dsp", "features"},
    "candidates": {"errors"},
    "distances": {"errors", "registry", "candidates", "distances", "kernels", "lanes", "pages"},
    "metrics": {"errors", "metrics"},
    "retrieval": {"errors", "candidates"},
    "models": {"errors", "registry", "models"},
    "tensors": {"errors"},
    "encoders": {"errors", "registry", "pretrained", "environment", "models"} | ENCODERS,
    "training": GROUND | FILES | PURE | NETWORKS | ENCODERS | TRAINING,
    **dict.fromkeys(TOP, GROUND | FILES | PURE | TOP),
    **dict.fromkeys(SEARCH, GROUND | FILES | PURE | ENCODERS | TRAINING),
    **dict.fromkeys(COMMANDS, GROUND | FILES | PURE | ENCODERS | TOP | SEARCH | COMMANDS),
}
OUTSIDE = {
    **{room: {"jsonschema"} for room in GROUND},
    **{room: {"numpy", "scipy", "numba", "llvmlite", "threadpoolctl"} for room in PURE},
    "models": {"torch"},
    "tensors": {"torch", "safetensors"},
    "encoders": {"torch", "numpy", "transformers", "safetensors", "huggingface_hub"},
    "training": {"lightning", "numpy", "pandas", "safetensors", "torch", "wandb"},
    **dict.fromkeys(
        FILES, {"numpy", "scipy", "pandas", "pyarrow", "soundfile", "soxr", "tqdm", "yaml"}
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


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_go_down_only(path):
    room = room_of(path)
    assert room in MAY_IMPORT, f"{room} stands on no floor; give it one in this test"
    names = imported(path)
    ours = {name.split(".")[1] for name in names if name.startswith("resound.")}
    assert ours <= MAY_IMPORT[room], f"{room} imports upwards: {ours - MAY_IMPORT[room]}"
    if room in OUTSIDE:
        others = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"resound"}
        assert others <= OUTSIDE[room], f"{room} imports {others - OUTSIDE[room]}"
    if room in PURE | NETWORKS:
        assert not {name.split(".")[0] for name in names} & FILE_ACCESS, f"{room} opens files"


@pytest.mark.parametrize(
    "package",
    [
        "",
        "data",
        "dsp",
        "commands",
        "distances",
        "encoders",
        "metrics",
        "models",
        "plots",
        "report",
        "report/page",
        "evaluation",
        "training",
    ],
)
def test_package_files_are_empty(package):
    """An import there would put its modules into the code digest of every script."""
    assert (PACKAGE / package / "__init__.py").read_text() == ""
