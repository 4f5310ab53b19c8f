"""Code of a user's own: what is wrong with it is told as theirs, and stops nothing else."""

import re

import numpy as np
import pytest

from resound.distances.calling import distances_by
from resound.errors import ParameterError
from resound.features import extract_batch
from resound.registry import DISTANCES, FEATURES, Registry, where

SETTING = {"sample_rate": 8000, "n_fft": 256, "hop_length": 128}
CLIPS = np.zeros((2, 1000), np.float32)
GOOD = '@THINGS.register("good")\ndef good(*, x=1):\n    return x\n'


@pytest.fixture
def things(tmp_path, monkeypatch) -> Registry:
    """Return a registry of a package with one good module, and put the package on the path."""
    folder = tmp_path / "own_things"
    folder.mkdir()
    (folder / "good.py").write_text(GOOD)
    monkeypatch.setattr("resound.registry.SOURCE", tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return Registry("thing", "THINGS", "own_things", ())


def write(tmp_path, content: str | bytes) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "own_things/mine.py").write_bytes(data)


@pytest.mark.trouble(
    "a syntax error in a user's own feature, distance or network",
    "told where it is asked for, with file and line; all else works",
)
@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("\n\ndef f(:\n", "own_things/mine.py, line 3: is no Python (invalid syntax)"),
        (b"x = 'caf\xe9'\n", "own_things/mine.py.*: is no Python (.*utf-8"),
        (b"x = 1\0\n", "own_things/mine.py.*: is no Python (.*null bytes"),
        (
            "NAME = 'mine'\n\n@THINGS.register(NAME)\ndef f(): ...\n",
            "own_things/mine.py, line 3: THINGS.register needs a name and traits that are written",
        ),
        ("@THINGS.register()\ndef f(): ...\n", "mine.py, line 1: THINGS.register needs a name"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_stops_nothing_else(
    things, tmp_path, content, told
):
    write(tmp_path, content)
    pattern = told.replace("(", r"\(").replace(")", r"\)")
    assert list(things) == ["good"]
    assert things.options("good") == ("x",)
    with pytest.raises(ParameterError, match=rf"'mine' is not known; .*good; .*{pattern}"):
        things.entry("mine")


@pytest.mark.trouble(
    "an error in a user's own module when it is imported", "told with file and line"
)
@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("import no_such_package\n", "line 1: ModuleNotFoundError: No module named 'no_such_pack"),
        ("x = 1\ny = 1 / 0\n", "line 2: ZeroDivisionError: division by zero"),
    ],
)
def test_a_module_that_cannot_be_imported_is_named_with_its_line(things, tmp_path, content, told):
    write(tmp_path, f"{content}\n@THINGS.register('mine')\ndef f(): ...\n")
    assert list(things) == ["good", "mine"]
    with pytest.raises(
        ParameterError, match=rf"thing 'mine': .*own_things/mine\.py, {told}.*corre"
    ):
        things["mine"]


def replaced(monkeypatch, registry: Registry, name: str, function) -> None:
    monkeypatch.setitem(registry._loaded, name, function)


@pytest.mark.trouble(
    "a user's own feature that returns another shape or type", "told with file and line"
)
@pytest.mark.parametrize(
    ("result", "told"),
    [
        (np.zeros((2, 5), np.float32), r"float32 of shape \(2, 5\)"),
        (np.zeros((3, 5, 1), np.float32), r"float32 of shape \(3, 5, 1\)"),
        (np.zeros((2, 5, 1)), r"float64 of shape \(2, 5, 1\)"),
        (None, "a NoneType"),
        ([1.0], "a list"),
    ],
)
def test_a_feature_of_another_shape_is_named_with_its_line(monkeypatch, result, told):
    def mine(waveforms, *, sample_rate, n_fft, hop_length):
        return result

    replaced(monkeypatch, FEATURES, "mfcc", mine)
    assert "tests/unit/test_own_code.py, line " in where(mine)
    place = re.escape(where(mine))
    match = rf"feature 'mfcc', {place}: returned {told}; .* float32 of shape \(2, frames, dims\)"
    with pytest.raises(ParameterError, match=match):
        extract_batch("mfcc", CLIPS, **SETTING)


@pytest.mark.trouble(
    "a user's own distance that returns another shape, integers or NaN", "told with file and line"
)
@pytest.mark.parametrize(
    ("result", "told"),
    [
        (np.zeros((3, 2)), r"float64 of shape \(3, 2\)"),
        (np.zeros((2, 3), int), r"int64 of shape \(2, 3\)"),
        (np.full((2, 3), np.nan), r"float64 of shape \(2, 3\) with NaN in it"),
        (0.5, "a float"),
    ],
)
def test_a_distance_of_another_shape_is_named_with_its_line(monkeypatch, result, told):
    def mine(queries, gallery):
        return result

    replaced(monkeypatch, DISTANCES, "cosine", mine)
    place = re.escape(where(mine))
    with pytest.raises(ParameterError, match=rf"distance 'cosine', {place}: returned {told}; of 2"):
        distances_by("cosine", np.zeros((2, 1, 4)), np.zeros((3, 1, 4)))


def test_what_has_no_file_is_named_by_its_module():
    assert where(np.dot).endswith(".dot")
    assert ", line " not in where(np.dot)
