"""A corpus in shards: the same vectors for any number, only what is new is read, none is lost."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from resound.experiment.asides import Shards
from resound.searching import sharding
from resound.searching.index import Index
from resound.searching.methods import choose
from tests.tiny_encoders import write_efficientat
from tests.unit.searching.conftest import BY, GRID, OPTIONS, PLACES
from tests.unit.searching.test_indexing import content, same


def spec_of(sounds: Path, choice) -> dict:
    return {"folder": str(sounds), "method": dict(choice.spec), "grid": GRID._asdict()}


class Corpus:
    """The jobs of a corpus, one after the other."""

    def __init__(self, sounds, state, choice=None, code="code"):
        self.choice = choice or choose(BY, options=OPTIONS)
        self.spec, self.weights = spec_of(sounds, self.choice), self.choice.weights
        self.state, self.code = state, code
        self.method, self.sounds = state / "method.json", state / "sounds.csv"

    def fit(self):
        sharding.fit_method(self.spec, self.weights, self.method)

    def divide(self, shards):
        sharding.divide(
            self.spec,
            self.weights,
            method=self.method,
            code=self.code,
            state=self.state,
            shards=shards,
            output=self.sounds,
        )
        return [line.rsplit(",", 1) for line in self.sounds.read_text().splitlines()[1:]]

    def report(self, number):
        return self.state / f"reports/{number}.json"

    def index(self, number):
        sharding.index_shard(
            self.spec,
            self.weights,
            method=self.method,
            sounds=self.sounds,
            state=self.state,
            number=number,
            output=self.report(number),
            n_threads=1,
        )
        return json.loads(self.report(number).read_text())

    def join(self, shards):
        sharding.join(
            self.spec,
            state=self.state,
            reports=[self.report(number) for number in range(shards)],
            sounds="sounds",
            division=Shards(shards),
            output=self.state / "record.json",
        )
        return json.loads((self.state / "record.json").read_text())

    def run(self, shards):
        """Return the record, and how many windows were computed."""
        if not self.method.exists():
            self.fit()
        self.divide(shards)
        computed = sum(self.index(number)["windows"] for number in range(shards))
        return self.join(shards), computed

    @property
    def vectors(self):
        return content(Index(self.state / "index"))


@pytest.mark.parametrize("shards", [1, 2, 3, 7])
def test_any_number_of_shards_gives_the_vectors_of_one_index(kept, tmp_path, shards):
    corpus = Corpus(kept / "sounds", tmp_path)
    record, computed = corpus.run(shards)
    assert (record["sounds"], record["windows"], computed) == (4, 96, 96)
    single = Index(kept / "index")
    assert Index(tmp_path / "index").choice.spec == single.choice.spec, "fitted on the same windows"
    found, expected = corpus.vectors, content(single)
    assert found.keys() == expected.keys()
    for key, vector in expected.items():
        np.testing.assert_array_equal(found[key], vector, err_msg=str(key))
    files = Index(tmp_path / "index").files()
    assert files["file"].is_unique
    assert (files["windows"] == 24).all()
    assert not (tmp_path / "shards").exists()


def test_an_encoder_s_vectors_are_the_same_but_for_rounding(kept, tmp_path):
    write_efficientat(tmp_path / "net.pt")
    choice = choose("efficientat", weights=str(tmp_path / "net.pt"))
    corpora = [Corpus(kept / "sounds", tmp_path / str(n), choice) for n in (1, 3)]
    for corpus, shards in zip(corpora, (1, 3), strict=True):
        corpus.run(shards)
    assert same(corpora[0].vectors, corpora[1].vectors)


def test_only_what_is_new_or_changed_is_read_and_what_is_gone_goes(sounds, tmp_path):
    corpus = Corpus(sounds, tmp_path)
    corpus.run(2)
    before = corpus.vectors
    first, second, third, _ = (sounds / place for place in PLACES)
    waveform, rate = soundfile.read(second)
    soundfile.write(second, waveform[::-1], rate)  # of the same size
    os.utime(first, ns=(1, 1))
    third.unlink()
    shutil.copy(first, sounds / "new.flac")
    record, computed = corpus.run(3)
    assert (record["sounds"], record["windows"], computed) == (4, 96, 48)
    after = corpus.vectors
    assert {path for path, _ in after} == {*PLACES, "new.flac"} - {PLACES[2]}
    kept_ones = [key for key in before if key[0] not in PLACES[1:3]]
    for key in kept_ones:
        np.testing.assert_array_equal(after[key], before[key])
    assert not np.allclose(after[PLACES[1], 0], before[PLACES[1], 0], atol=1e-3)
    np.testing.assert_array_equal(after["new.flac", 5], after[PLACES[0], 5])
    assert Index(tmp_path / "index").files().set_index("path")["modified"][PLACES[0]] == 1
    assert corpus.run(3)[1] == 0


def test_other_code_begins_anew_and_another_method_too(sounds, tmp_path):
    assert Corpus(sounds, tmp_path).run(1)[1] == 96
    assert Corpus(sounds, tmp_path).run(1)[1] == 0
    assert Corpus(sounds, tmp_path, code="edited").run(1)[1] == 96
    other = Corpus(sounds, tmp_path, choose(BY, options=[*OPTIONS, "n_mfcc=12"]), code="edited")
    other.fit()
    assert other.run(1)[1] == 96


def test_a_sound_stays_with_the_shard_that_has_read_it(sounds, tmp_path):
    corpus = Corpus(sounds, tmp_path)
    corpus.fit()
    division = corpus.divide(2)
    corpus.index(0)
    shutil.copy(sounds / PLACES[0], sounds / "a_new_one.flac")
    again = corpus.divide(2)
    held = [row for row in division if row[1] == "0"]
    assert held
    assert all(row in again for row in held)
    assert sum(corpus.index(number)["windows"] for number in range(2)) == (5 - len(held)) * 24
    assert corpus.join(2)["windows"] == 5 * 24


def test_what_cannot_be_read_is_told_and_is_in_the_index_not_at_all(sounds, tmp_path):
    (sounds / "none.flac").touch()
    record, _ = Corpus(sounds, tmp_path).run(2)
    assert [path for path, _ in record["unread"]] == ["none.flac"]
    assert record["sounds"] == 4


KILLED = """
import os, signal, sys
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
from pathlib import Path
from tests.unit.searching.test_sharding import Corpus
corpus = Corpus(Path(sys.argv[2]), Path(sys.argv[3]))
corpus.index(0) if sys.argv[4] == "index" else corpus.join(2)
"""
ROOT = Path(__file__).resolve().parents[3]


def killed(corpus: Corpus, job: str, last: int) -> None:
    """Run a job in a process that is killed at its n-th change of a table."""
    given = [str(last), corpus.spec["folder"], str(corpus.state), job]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *given], env=environment, cwd=ROOT, check=False
    )
    assert done.returncode == -signal.SIGKILL


def test_a_killed_shard_goes_on(kept, tmp_path):
    corpus = Corpus(kept / "sounds", tmp_path)
    corpus.fit()
    own = [row for row in corpus.divide(2) if row[1] == "0"]
    killed(corpus, "index", 3)
    written = Index(tmp_path / "shards/0").count()
    assert written >= 8
    assert corpus.divide(2), "dividing again changes nothing for it"
    assert corpus.index(0)["windows"] == len(own) * 24 - written
    corpus.index(1)
    corpus.join(2)
    assert same(corpus.vectors, content(Index(kept / "index")))


# The changes of a join: the rows of a shard, its windows, its rows again, for each shard.
@pytest.mark.parametrize("last", [1, 2, 3, 4, 5, 6])
def test_a_killed_join_goes_on(kept, tmp_path, last):
    corpus = Corpus(kept / "sounds", tmp_path)
    corpus.fit()
    corpus.divide(2)
    for number in range(2):
        corpus.index(number)
    killed(corpus, "join", last)
    assert corpus.join(2)["windows"] == 96
    assert same(corpus.vectors, content(Index(kept / "index")))
    assert (Index(tmp_path / "index").files()["windows"] == 24).all()
