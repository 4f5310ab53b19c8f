"""An index against its folder: made, brought up to date, killed, damaged, on a full disk."""

import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile

from resound import cli
from resound.errors import ParameterError, ResoundError, RunError, StoreError
from resound.searching import index as index_module
from resound.searching.index import ABOUT, Index
from resound.searching.indexing import open_or_create, update
from resound.searching.methods import choose, unit
from resound.searching.table import VECTOR, matrix
from resound.searching.windows import Grid
from tests.unit.searching.conftest import BY, GRID, OPTIONS, PLACES, WAYS


def made(sounds, into, **options):
    """Return the index of a folder, and what making it did."""
    index, method = open_or_create(sounds, into, choose(BY, options=OPTIONS), GRID)
    return index, update(index, method, n_threads=2, **options)


def content(index: Index) -> dict[tuple[str, int], np.ndarray]:
    """Return all vectors of an index by sound and position."""
    rows = index._windows.rows(["file", "position", VECTOR])
    paths = index.files().set_index("file")["path"]
    keys = [*zip(paths.loc[rows["file"].to_numpy()], rows["position"].to_pylist(), strict=True)]
    assert len({*keys}) == len(keys), "no window stands twice"
    return dict(zip(keys, matrix(rows[VECTOR]), strict=True))


def same(found: dict, expected: dict) -> bool:
    return found.keys() == expected.keys() and all(
        np.allclose(found[key], expected[key], atol=1e-6) for key in found
    )


def test_every_window_of_every_sound_is_there(index):
    files = index.files().set_index("path")
    assert sorted(files.index) == sorted(PLACES)
    assert (files["duration"].round(3) == 25.0).all()
    assert (files["windows"] == 24).all()
    vectors = content(index)
    assert len(vectors) == 4 * 24 == index.count()
    norms = np.linalg.norm([*vectors.values()], axis=1)
    np.testing.assert_allclose(norms, 1, atol=1e-6)


def test_nothing_is_computed_of_what_stays_as_it_is(kept, tmp_path):
    shutil.copytree(kept / "index", tmp_path / "index")
    index = Index(tmp_path / "index")
    report = update(index, index.choice.load())
    assert (report.added, report.changed, report.dropped, report.windows) == (0, 0, 0, 0)


def test_what_is_new_changed_touched_and_gone_is_found_out(sounds, tmp_path):
    index, _ = made(sounds, tmp_path / "index")
    before = content(index)
    first, second, third, fourth = (sounds / place for place in PLACES)
    waveform, rate = soundfile.read(second)
    soundfile.write(second, waveform[::-1], rate)  # of the same size
    os.utime(first, ns=(1, 1))
    third.unlink()
    shutil.copy(fourth, sounds / "new.aif")
    report = update(index, index.choice.load(), n_threads=1)
    assert (report.added, report.changed, report.dropped, report.windows) == (1, 1, 1, 48)
    after, changed = content(index), PLACES[1]
    assert {key[0] for key in after} == {*PLACES, "new.aif"} - {PLACES[2]}
    kept = [key for key in before if key[0] not in (PLACES[1], PLACES[2])]
    assert same({key: after[key] for key in kept}, {key: before[key] for key in kept})
    assert not np.allclose(after[changed, 0], before[changed, 0], atol=1e-3)
    np.testing.assert_allclose(after["new.aif", 5], after[PLACES[3], 5], atol=1e-6)
    assert index.files().set_index("path")["modified"][PLACES[0]] == 1
    assert update(index, index.choice.load()).windows == 0


def test_what_cannot_be_read_is_listed_and_read_once_it_can_be(sounds, tmp_path):
    whole = (sounds / PLACES[1]).read_bytes()
    (sounds / PLACES[1]).write_bytes(whole[: len(whole) // 2])
    waveform = soundfile.read(sounds / PLACES[0])[0]
    waveform[300_000] = np.nan  # windows are written before it is found out
    (sounds / PLACES[0]).unlink()
    soundfile.write(sounds / "dusk/nan.wav", waveform, 16_000, "FLOAT")
    (sounds / "none.flac").touch()
    index, report = made(sounds, tmp_path / "index")
    assert {unread.path: unread.reason.split(":")[0] for unread in report.unread} == {
        PLACES[1]: "truncated",
        "dusk/nan.wav": "not_finite",
        "none.flac": "empty",
    }
    assert {key[0] for key in content(index)} == {PLACES[2], PLACES[3]} == {*index.files()["path"]}
    (sounds / PLACES[1]).write_bytes(whole)
    assert update(index, index.choice.load()).added == 1


KILLED = """
import os, signal, sys
from resound import cli
from resound.searching import indexing
from resound.searching.table import Table
indexing.WINDOWS_A_BATCH = indexing.WINDOWS_A_WRITE = 8
calls, last = 0, int(sys.argv[1])
def dying(method):
    def call(*given):
        global calls
        if (calls := calls + 1) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return method(*given)
    return call
for name in ("add", "replace", "delete"):
    setattr(Table, name, dying(getattr(Table, name)))
cli.main(sys.argv[2:])
"""


# A write of eight windows is up to three of the table: the sounds, the windows, the sounds again.
@pytest.mark.parametrize("last", [1, 2, 3, 9, 10])
def test_a_killed_process_loses_nothing_that_was_written(kept, tmp_path, last):
    into = tmp_path / "index"
    command = ["index", str(kept / "sounds"), "--into", str(into), *WAYS]
    done = subprocess.run([sys.executable, "-c", KILLED, str(last), *command], check=False)
    assert done.returncode == -signal.SIGKILL
    index = Index(into)
    written = index.count()
    report = update(index, index.choice.load(), n_threads=1)
    assert written + report.windows == 4 * 24
    assert written >= 8 * (last > 3)
    assert same(content(index), content(Index(kept / "index")))
    assert (index.files()["windows"] == 24).all()


FULL = """
import resource, sys
from resound import cli
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
sys.exit(cli.main(sys.argv[1:]))
"""


def test_a_full_disk_is_one_error_and_the_index_stays(kept, sounds, tmp_path):
    shutil.copytree(kept / "index", tmp_path / "index")
    index = Index(tmp_path / "index")
    moved = json.loads((index.folder / ABOUT).read_text()) | {"folder": str(sounds)}
    (index.folder / ABOUT).write_text(json.dumps(moved))
    shutil.copy(sounds / PLACES[1], sounds / "more.wav")
    before = content(index)
    command = ["index", str(sounds), "--into", str(index.folder)]
    done = subprocess.run(
        [sys.executable, "-c", FULL, *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("resound index:")]
    assert "cannot be written (File too large); free some space" in line
    assert "Traceback" not in done.stderr
    index = Index(index.folder)
    assert before.keys() <= content(index).keys()
    update(index, index.choice.load())
    copied = {("more.wav", n): before[PLACES[1], n] for n in range(24)}
    assert same(content(index), before | copied)


@pytest.mark.parametrize("number", range(8))
def test_a_damaged_index_is_an_error_of_one_line(kept, tmp_path, number):
    """Whatever file is cut in half: an error that names the index, or an answer."""
    folder = tmp_path / "index"
    shutil.copytree(kept / "index", folder)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size]
    path = files[number * (len(files) - 1) // 7]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    said = []
    try:
        index = Index(folder)
        index.nearest(np.ones((1, index.dimension), np.float32), 3)
        index.files()
    except StoreError as error:
        said = [str(error)]
    assert all(str(folder) in line and "resound index" in line for line in said)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("format", 99, "is an index of format 99, and this resound reads 1"),
        ("format", "x", "is an index of format 'x'"),
        ("method", None, "is damaged"),
        ("window", "long", "is damaged"),
        ("approximate", {"rows": 1}, "is damaged"),
    ],
)
def test_an_index_that_says_something_else_is_refused(kept, tmp_path, key, value, said):
    shutil.copytree(kept / "index", tmp_path / "index")
    about = tmp_path / "index" / ABOUT
    about.write_text(json.dumps(json.loads(about.read_text()) | {key: value}))
    with pytest.raises(StoreError, match=said):
        Index(tmp_path / "index")


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_record_that_is_none_is_refused(kept, tmp_path, text):
    shutil.copytree(kept / "index", tmp_path / "index")
    (tmp_path / "index" / ABOUT).write_text(text)
    with pytest.raises(StoreError, match="is damaged"):
        Index(tmp_path / "index")


def test_tables_that_are_gone_are_an_error(kept, tmp_path):
    shutil.copytree(kept / "index", tmp_path / "index")
    shutil.rmtree(tmp_path / "index/windows.lance")
    with pytest.raises(StoreError, match="is damaged"):
        Index(tmp_path / "index")


def test_one_process_writes_at_a_time(kept, tmp_path):
    shutil.copytree(kept / "index", tmp_path / "index")
    index, other = Index(tmp_path / "index"), Index(tmp_path / "index")
    method = index.choice.load()
    with index.writing(), pytest.raises(RunError, match="another `resound index` writes it"):
        update(other, method)


@pytest.mark.parametrize(
    ("choice", "grid", "said"),
    [
        (choose("lfcc"), None, "was made by feature mfcc_derivatives_dct.*not by feature lfcc"),
        (choose(BY, options=["n_fft=2048"]), None, "n_fft 1024"),
        (None, Grid(5.0, 2.5), r"has windows of 2.0 s every 1.0 s, not of 5.0 s every 2.5 s"),
    ],
)
def test_another_way_of_making_is_refused_with_the_reason(index, choice, grid, said):
    with pytest.raises(StoreError, match=said):
        index.check(choice, grid)


def test_a_place_that_holds_something_else_is_left_alone(kept, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(StoreError, match="holds something else"):
        made(kept / "sounds", tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_the_index_of_another_folder_is_refused(kept, sounds):
    with pytest.raises(ParameterError, match="is the index of"):
        open_or_create(sounds, kept / "index", None, None)


def test_a_window_too_short_for_the_method_is_refused(kept, tmp_path):
    with pytest.raises(ParameterError, match="is too short"):
        open_or_create(kept / "sounds", tmp_path / "index", choose("mfcc"), Grid(0.05, 0.05))


def test_the_approximate_index_says_what_it_finds(kept, tmp_path, monkeypatch):
    monkeypatch.setattr(index_module, "EXACT_ROWS", 1000)
    monkeypatch.setattr(index_module, "ROWS_A_PART", 100)
    shutil.copytree(kept / "index", tmp_path / "index")
    index = Index(tmp_path / "index")
    draws, shape = np.random.default_rng(0), (2000, index.dimension)
    centres = draws.normal(size=(40, index.dimension)).repeat(50, axis=0)
    vectors = unit(centres + 0.1 * draws.normal(size=shape))
    index.add([7] * 2000, [*range(2000)], vectors)
    index.settle()
    index = Index(index.folder)
    assert index.approximate is not None
    assert index.approximate.recall >= 0.95
    found = index.nearest(vectors[:1], 20)
    exact = np.argsort(-(vectors @ vectors[0]), kind="stable")[:20]
    assert len({*found["position"]} & {*exact.tolist()}) >= 18
    assert found["similarity"].iloc[0] == pytest.approx(1, abs=1e-5)
    assert index.count() == 96 + 2000


def test_the_engine_and_numpy_agree(index):
    """Exact search: the similarities of all windows are (1 + cos) / 2, the largest first."""
    vectors = content(index)
    asked = np.random.default_rng(0).normal(size=(3, index.dimension)).astype(np.float32)
    found = index.nearest(asked, 1000)
    paths = index.files().set_index("file")["path"]
    directions = asked / np.linalg.norm(asked, axis=1, keepdims=True)
    cosines = {key: directions @ vector for key, vector in vectors.items()}
    expected = {key: ((1 + cosine) / 2).max() for key, cosine in cosines.items()}
    keys = [*zip(paths.loc[found["file"]], found["position"], strict=True)]
    np.testing.assert_allclose(found["similarity"], [expected[key] for key in keys], atol=1e-5)
    assert len(found) == len(vectors)
    assert found["similarity"].is_monotonic_decreasing


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "holds no files"),
        ({"a.txt": "x", "b.md": "y"}, r"holds no sounds but other files \(1 of .txt, 1 of .md\)"),
        ({"a.wav": "not a sound"}, "no sound here can be read"),
    ],
)
def test_a_folder_without_sounds_is_one_error(tmp_path, capsys, files, said):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    assert cli.main(["index", str(folder), "--into", str(tmp_path / "index"), *WAYS]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert pd.Series([line]).str.contains(said).all()
    assert not (tmp_path / "index").exists()


def test_a_folder_that_is_gone_leaves_the_index_alone(kept, tmp_path):
    shutil.copytree(kept / "sounds", tmp_path / "sounds")
    index, _ = made(tmp_path / "sounds", tmp_path / "index")
    shutil.rmtree(tmp_path / "sounds")
    with pytest.raises(ResoundError, match="there is no such folder"):
        update(index, index.choice.load())
    assert index.count() == 96
