"""What is known of a data set of one's own before its sounds are read, and what follows."""

import copy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from resound.data.outline import look
from resound.errors import ConfigError, DataError
from resound.experiment.facts import Facts
from resound.experiment.opening import open_plan

ROOT = Path(__file__).resolve().parents[3]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return what opens a config of a folder whose CSV has the columns given, row by row."""
    for name in ("HF_HOME", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)

    def opened(header, rows, **changes):
        config = copy.deepcopy(CONFIG) | {"dataset": "folder", "data_root": str(tmp_path)}
        config |= {"results_dir": str(tmp_path / "out")}
        for where, value in changes.items():
            block, _, key = where.rpartition("__")
            (config[block] if block else config)[key] = value
        (tmp_path / "meta").mkdir(exist_ok=True)
        lines = [header, *(",".join(map(str, row)) for row in rows)]
        (tmp_path / "meta/own.csv").write_text("\n".join(lines) + "\n")
        return open_plan(config, SCHEMA, [], look)

    return opened


def clips(*folds, classes=("dog", "cat")):
    return [(f"{fold}-{name}.wav", name, fold) for fold in folds for name in classes]


WITH_FOLDS = "filename,category,fold"


@pytest.mark.parametrize("folds", [(1, 2), (1, 2, 3), tuple(range(1, 11)), (3, 7, 20)])
def test_cross_validation_asks_each_fold_that_there_is(own, folds):
    changes = {"retrieval__protocol": "cv", "classification__protocol": "cv"}
    plan = own(WITH_FOLDS, clips(*folds), **changes, probe__encoders=[]).plan
    assert [split.query_folds for split in plan.splits] == [(fold,) for fold in folds]
    assert plan.test_splits == plan.splits
    assert {run.split for run in plan.runs.values()} == set(plan.splits)
    assert len(plan.classifiers) == 32 * len(folds)


@pytest.mark.parametrize(
    ("header", "rows", "told"),
    [
        ("filename,category", [("a.wav", "x"), ("b.wav", "y")], "2 clips of 2 classes, no folds"),
        (WITH_FOLDS, clips(4), "2 clips of 2 classes, all in fold 4"),
    ],
)
def test_without_folds_every_clip_asks_all_others_and_it_is_told(own, header, rows, told):
    opened = own(header, rows)
    plan = opened.plan
    assert (plan.protocol, plan.classified, plan.autoencoders) == ("leave_one_out", [], [])
    assert plan.config["retrieval"]["protocol"] == "leave_one_out"
    assert told in opened.told[0]
    assert "every clip asks all others (leave_one_out)" in opened.told[0]
    assert plan.scored_tables() == plan.retrieval_tables() != []
    assert list(plan.maps()) == ["mfcc/sr44100_nfft4096_hop1024", "mfcc/sr16000_nfft2048_hop512"]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("filename,fold", [("a.wav", 1), ("b.wav", 2)]),
        (WITH_FOLDS, clips(1, 2, classes=["dog"])),
    ],
)
def test_without_classes_nothing_is_scored_and_all_is_ranked(own, header, rows):
    opened = own(header, rows, retrieval__protocol="cv")
    assert (opened.plan.scored_tables(), opened.plan.compared_tables()) == ([], [])
    assert opened.plan.classified == []
    assert opened.plan.runs
    assert "Nothing can be scored" in opened.told[0]


def test_folds_are_made_by_recording(own):
    rows = [(f"{n}.wav", "xy"[n % 2], n // 2) for n in range(12)]
    header = "filename,category,src_file"
    cv = {"retrieval__protocol": "cv", "classification__protocol": "cv"}
    opened = own(header, rows, make_folds=3, **cv)
    assert [split.name for split in opened.plan.splits] == ["fold1", "fold2", "fold3"]
    assert "from 6 recordings, 3 folds made by recording" in opened.told[0]
    with pytest.raises(DataError, match=r"make_folds: 7: there are only 6 recordings; set fewer"):
        own(header, rows, make_folds=7)
    with pytest.raises(DataError, match=r"make_folds: 2: there are folds already"):
        own(WITH_FOLDS, clips(1, 2), make_folds=2)
    with pytest.raises(ConfigError, match="make_folds: esc50 has its own folds"):
        own(header, rows, dataset="esc50", make_folds=2)


@pytest.mark.parametrize(
    ("folds", "changes", "message"),
    [
        ((1, 2, 3), {}, r"query_folds: \[5\]: no clip lies in fold 5; .*query_folds: \[3\]"),
        ((1, 2), {"retrieval__query_folds": [1, 2]}, r"\[1, 2\] are all folds of the data set"),
        (
            (1, 2, 3),
            {"retrieval__protocol": "cv"},
            r"no clip lies in fold 5; set .*: \[3\], or classification\.protocol: cv",
        ),
        (
            (1, 5),
            {"classification__selection": "validation"},
            r"classification\.selection: one fold tests, one chooses .* beside 5 there is 1",
        ),
    ],
)
def test_folds_that_the_data_cannot_have_are_named(own, folds, changes, message):
    with pytest.raises(ConfigError, match=message):
        own(WITH_FOLDS, clips(*folds), **changes)


def test_faults_of_the_list_are_told_before_anything_runs(own):
    with pytest.raises(DataError, match=r"line 3: fold='x' must be a positive integer"):
        own(WITH_FOLDS, [("a.wav", "x", 1), ("b.wav", "y", "x")])
    rows = [("a.wav", "x", 1, "r"), ("b.wav", "x", 2, "r"), ("c.wav", "y", 2, "s")]
    header = f"{WITH_FOLDS},src_file"
    cv = {"retrieval__protocol": "cv", "classification__protocol": "cv", "probe__encoders": []}
    with pytest.raises(DataError, match=r"recording r: a\.wav in fold 1, b\.wav in fold 2"):
        own(header, rows, **cv)
    assert own(header, rows, on_split_recording="keep", **cv).plan.facts.folds == (1, 2)


def test_data_that_are_gone_are_known_by_their_index(tmp_path):
    (tmp_path / "out/index").mkdir(parents=True)
    (tmp_path / "out/index/clips.csv").write_text(
        "id,file,fold,category,src_file\na,audio/a.wav,2,dog,a\nb,audio/b.wav,6,cat,b\n"
    )
    config = CONFIG | {"dataset": "folder", "data_root": str(tmp_path / "gone")}
    config |= {"results_dir": str(tmp_path / "out")}
    facts = look(config)
    assert (facts.folds, facts.n_classes) == ((2, 6), 2)


def test_data_sets_that_everybody_knows_are_not_looked_at():
    assert look(CONFIG | {"data_root": "nowhere"}) == Facts()


def test_the_rules_can_look_without_numpy_and_pandas():
    code = "import sys, resound.data.outline; print({'numpy', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
