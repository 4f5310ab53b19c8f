"""Stored networks: the weights, the record beside them, and weights to start from."""

import json

import pandas as pd
import pytest
import torch
from hypothesis import example, given
from safetensors.torch import save_file

from resound.encoders.tensors import read_state
from resound.errors import CheckpointError
from resound.evaluation.classification import classification_rows
from resound.registry import NETWORKS
from resound.store import sha256_of
from resound.training.checkpoint import read_checkpoint, write_checkpoint
from resound.training.record import check_unseen, read_record
from tests.hostile.strategies import damaged, with_other_value

pytestmark = [pytest.mark.hypothesis, pytest.mark.usefixtures("one_thread")]

SPEC = {
    "network": "cnn",
    "bank": {"feature": "mel", "stft": {}, "options": {}},
    "selection": "fixed",
    "weights": None,
}
FAILED = {"outcome": "failed", "spec": SPEC, "reason": "18 frames", "classes": ["dog", "rain"]}
CELL = ("cnn", "mel", "sr8000", "fold5", "0")


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Return the files of a small network that nobody has trained, and its record."""
    folder = tmp_path_factory.mktemp("network")
    record = {
        "outcome": "trained",
        "spec": SPEC,
        "classes": ["dog", "rain"],
        "folds_seen": [1],
        "input": {
            "n_planes": 1, "scale": "decibel", "max_bins": 8, "mean": [0.0] * 8, "std": [1.0] * 8
        },
        "network": {"name": "cnn", "options": {"channels": [4]}, "n_dims": 8, "n_planes": 1},
        "training": {"parameters": 46, "seconds": 0.1, "device": "cpu"},
    }  # fmt: skip
    weights, model = folder / "weights.safetensors", folder / "model.json"
    write_checkpoint(weights, model, NETWORKS["cnn"](8, 2, channels=(4,)), record)
    return weights, model


def without(record, key):
    return {name: value for name, value in record.items() if name != key}


def vouched(weights, model):
    """Return the record of `model` with the digest of `weights`."""
    return {**json.loads(model.read_text()), "weights_sha256": sha256_of(weights)}


def test_a_damaged_network_is_refused(stored, tmp_path, report):
    """the weights of a stored network with damaged bytes and a record that vouches for them"""
    weights, model = tmp_path / "weights.safetensors", tmp_path / "model.json"

    @given(damaged(stored[0].read_bytes()))
    def holds(content):
        weights.write_bytes(content)
        model.write_text(json.dumps(vouched(weights, stored[1])))
        report.read(lambda: read_checkpoint(weights, model), weights.name)

    holds()
    report.write()


def test_a_forged_record_of_a_network_is_read_or_refused(stored, tmp_path, report):
    """the record of a stored network with other values in it"""
    weights, _ = stored
    model = tmp_path / "model.json"
    good = vouched(*stored)

    @given(with_other_value(good))
    @example({**good, "network": {**good["network"], "n_dims": 10**12}})
    @example({**good, "network": {**good["network"], "name": "os.system"}})
    @example({**good, "outcome": ""})
    @example({**good, "outcome": []})
    @example({**FAILED, "reason": ""})
    @example(without(FAILED, "reason"))
    @example(without(good, "folds_seen"))
    @example({**good, "folds_seen": [[]]})
    @example({**good, "classes": [{}]})
    def holds(record):
        model.write_text(json.dumps(record))
        report.read(
            lambda: read_checkpoint(weights, model, bank=SPEC["bank"], classes=good["classes"]),
            model.name,
        )
        report.read(
            lambda: check_unseen(read_record(model, spec=SPEC, trained=True), [5]),
            model.name,
            "has seen folds",
        )

    holds()
    report.write()


@pytest.mark.parametrize("outcome", ["trained", "failed"])
def test_a_forged_record_is_tabled_or_refused(stored, tmp_path, report, outcome):
    """the record of a stored network with other values in it, for its row of a table"""
    model = tmp_path / "model.json"
    good = json.loads(stored[1].read_text()) if outcome == "trained" else FAILED
    clip = ["a", "dog", "1", "dog", 1.0]
    scores = pd.DataFrame([clip], columns=["clip", "category", "src_file", "predicted", "accuracy"])

    def use():
        (row,) = classification_rows(
            [CELL],
            {CELL: (read_record(model), scores)},
            {"fold5": [5]},
            protocol="holdout",
            options={"samples": 2, "level": 0.95, "seed": 0},
        )
        assert (row["n_trainings"] == 0) == bool(row["missing"])

    @given(with_other_value(good))
    @example(without(good, "training"))
    @example({**good, "training": {"seconds": "1"}})
    @example({**good, "spec": {}})
    @example({**FAILED, "reason": ""})
    def holds(record):
        model.write_text(json.dumps(record))
        report.read(use, model.name)

    holds()
    report.write(details=outcome)


def test_a_damaged_record_of_a_network_is_read_or_refused(stored, tmp_path, report):
    """the record of a stored network with damaged bytes"""
    model = tmp_path / "model.json"

    @given(damaged(stored[1].read_bytes()))
    @example(b"[" * 100_000)
    def holds(content):
        model.write_bytes(content)
        report.read(lambda: read_record(model, spec=SPEC), model.name)

    holds()
    report.write()


@pytest.mark.parametrize("form", ["safetensors", "pytorch"])
def test_damaged_weights_to_start_from_are_read_or_refused(tmp_path, report, form):
    """a file of weights to start from with damaged bytes"""
    path = tmp_path / f"start.{form}"
    state = {"conv.weight": torch.ones(2, 3), "conv.bias": torch.zeros(2)}
    (save_file if form == "safetensors" else torch.save)(state, path)

    @given(damaged(path.read_bytes()))
    def holds(content):
        path.write_bytes(content)
        report.read(lambda: read_state(path), path.name)

    holds()
    report.write(details=form)


def test_weights_that_are_not_there_are_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"absent\.pth: is damaged"):
        read_state(tmp_path / "absent.pth")
