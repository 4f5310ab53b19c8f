"""The index of a corpus by the workflow: in shards, of what is new, as one process makes it."""

import json
import os
import shutil

import numpy as np
import pytest
import soundfile

from resound import cli
from resound.searching.index import Index
from tests.unit.searching.conftest import PLACES, write_sounds
from tests.unit.searching.test_indexing import content
from tests.workflow.conftest import Project, undone

OVER = """
corpus: {folder: sounds, method: mfcc, stft: 16k, window: 2.0, hop: 1.0, shards: 2}
"""
INDEX = "out/corpus/index"
READ = {"divide_corpus": 1, "index_shard": 2, "join_shards": 1}
EVERYTHING = {"fit_method": 1, **READ}


class CorpusProject(Project):
    targets = ("out/corpus",)
    configs = ("tiny.yaml", "corpus.yaml")

    @property
    def record(self) -> dict:
        return json.loads((self.folder / "out/corpus/record.json").read_text())

    @property
    def vectors(self) -> dict:
        return content(Index(self.folder / INDEX))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> CorpusProject:
    """Return a project in which the corpus has been indexed; leave it as you found it.

    An index names the folder of its sounds, so each process makes its own.
    """
    project = CorpusProject.fresh(tmp_path_factory.mktemp("corpus"))
    (project.folder / "corpus.yaml").write_text(OVER)
    write_sounds(project.folder / "sounds")
    project.run("--cores", "2")
    return project


@pytest.fixture
def unchanged(made):
    yield from undone(made)


def test_it_is_what_the_command_makes_of_the_folder(made, tmp_path, capsys):
    assert made.record["sounds"] == 4
    assert made.record["windows"] == 96
    options = ["n_fft=2048", "hop_length=512", "sample_rate=16000", "n_mfcc=13", "n_mels=64"]
    options += ["window=hamming", "htk=true", "norm=slaney"]
    ways = ["--by", "mfcc", "--window", "2", "--hop", "1", "--into", str(tmp_path / "index")]
    ways += [word for option in options for word in ("--option", option)]
    assert cli.main(["index", str(made.folder / "sounds"), *ways]) == 0
    expected, found = content(Index(tmp_path / "index")), made.vectors
    assert found.keys() == expected.keys()
    for key, vector in expected.items():
        np.testing.assert_array_equal(found[key], vector, err_msg=str(key))
    query = made.folder / "sounds" / PLACES[0]
    asked = ["search", str(made.folder / INDEX), str(query), "--from", "5", "--to", "7", "--csv"]
    capsys.readouterr()
    assert cli.main(asked) == 0
    first = capsys.readouterr().out.splitlines()[1].split(",")
    assert first[:4] == ["1", str(query), "5.0", "7.0"]


def test_what_stays_as_it_is_re_runs_nothing(unchanged):
    assert unchanged.stale() == {}
    unchanged.edit("corpus.yaml", "shards: 2", "shards: 3")
    assert unchanged.stale() == {}, "shards decide no vector"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("hop: 1.0", "hop: 0.5", EVERYTHING),
        ("method: mfcc", "method: lfcc", EVERYTHING),
        ("stft: 16k", "stft: 44k", EVERYTHING),
    ],
)
def test_a_key_re_runs_what_it_decides(unchanged, old, new, expected):
    unchanged.edit("corpus.yaml", old, new)
    assert unchanged.stale() == expected


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("src/resound/features/mfcc.py", EVERYTHING),
        ("src/resound/searching/windows.py", EVERYTHING),
        ("src/resound/features/lfcc.py", {}),
        ("src/resound/experiment/searches.py", {}),
    ],
)
def test_an_edited_module_re_runs_its_users(unchanged, module, expected):
    path = unchanged.folder / module
    path.write_text(path.read_text() + "\nADDED = 1\n")
    assert unchanged.stale() == expected


def test_a_new_sound_alone_is_read(made, tmp_path):
    project = made.copy_to(tmp_path / "copied")
    # The copy's index is of the first project's folder; here it begins anew.
    shutil.rmtree(project.folder / "out/corpus")
    project.run("--cores", "2")
    before = project.vectors
    sounds = project.folder / "sounds"
    shutil.copy2(sounds / PLACES[0], sounds / "new.flac")
    os.utime(sounds / PLACES[1], ns=(1, 1))
    (sounds / PLACES[2]).unlink()
    assert project.stale() == READ
    project.run("--cores", "2")
    computed = [
        json.loads(path.read_text())["windows"]
        for path in (project.folder / "out/corpus/reports").iterdir()
    ]
    assert sum(computed) == 24
    after = project.vectors
    assert {path for path, _ in after} == {*PLACES, "new.flac"} - {PLACES[2]}
    for key in before:
        if key[0] != PLACES[2]:
            np.testing.assert_array_equal(after[key], before[key])
    assert project.stale() == {}


def test_an_index_that_went_away_is_missed(made):
    index = made.folder / INDEX
    index.rename(index.with_name("elsewhere"))
    try:
        made.match("is not there any more", made.run("--dry-run", check=False))
    finally:
        index.with_name("elsewhere").rename(index)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("folder: sounds", "folder: null", r"corpus\.folder is null"),
        ("folder: sounds", "folder: nowhere", r"nowhere: there is no such folder"),
        ("method: mfcc", "method: mfc", r"corpus\.method: 'mfc' .*did you mean 'mfcc'"),
        ("hop: 1.0", "hop: 3.0", r"corpus\.hop: 3.0 s must be at most"),
    ],
)
def test_a_mistake_is_named(unchanged, old, new, message):
    unchanged.edit("corpus.yaml", old, new)
    unchanged.match(message, unchanged.run("--dry-run", check=False))


def test_a_sound_that_cannot_be_read_is_recorded(project):
    (project.folder / "corpus.yaml").write_text(OVER)
    (project.folder / "sounds").mkdir()
    soundfile.write(project.folder / "sounds/tone.wav", np.sin(np.arange(64_000) / 9), 16_000)
    (project.folder / "sounds/none.flac").touch()
    project.snakemake("out/corpus", "--configfile", *CorpusProject.configs)
    record = json.loads((project.folder / "out/corpus/record.json").read_text())
    assert [path for path, _ in record["unread"]] == ["none.flac"]
    assert record["sounds"] == 1
