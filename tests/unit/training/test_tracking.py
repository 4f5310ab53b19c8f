"""Offline runs of W&B read back from their files, and all that may go wrong with W&B."""

import json
import logging

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
import wandb_file
from small_training import SPEC, make_bank

from resound.experiment.asides import Tracking
from resound.training.classification import train_classifier
from resound.training.tracking import Tracker, samples_of

RATE = 8000
CLASSES = ["dog", "rain"]
PREDICTIONS = pd.DataFrame(
    {
        "id": list("abcdefgh"),
        "fold": 5,
        "category": ["dog"] * 4 + ["rain"] * 4,
        "predicted": ["dog", "dog", "dog", "rain", "rain", "rain", "rain", "rain"],
        "logit:dog": [1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "logit:rain": [0.0, 0.0, 0.0, 1.0, 1.0, 2.0, 3.0, 4.0],
    }
)
WAVEFORMS = {name: np.full(800, 0.1 * i, np.float32) for i, name in enumerate("abcdefgh")}
RECORD = {
    "outcome": "trained",
    "classes": CLASSES,
    "training": {"epoch": 2, "parameters": 9, "seconds": 1.5, "device": "cpu"},
}
ROWS = [
    {"epoch": 1, "learning_rate": 0.01, "train_loss": 2.0},
    {"epoch": 2, "learning_rate": 0.0, "train_loss": 1.25},
]


def track(
    tmp_path, mode="offline", run_id="abc123", rows=ROWS, record=RECORD, predicted=PREDICTIONS
):
    """Track one training from its first epoch to its end."""
    tracking = Tracking(mode, "resound-tests", None, str(tmp_path))
    cell = {"network": "cnn", "feature": "mel", "seed": "0"}
    tracker = Tracker(tracking, run_id, job_type="train_classifier", cell=cell, spec={"seed": 0})
    for row in rows:
        tracker.epoch(row)
    tracker.finish(record, predicted, WAVEFORMS, RATE)


@pytest.fixture(scope="module")
def tracked(tmp_path_factory):
    """Return the folder of a training that was tracked offline."""
    folder = tmp_path_factory.mktemp("tracked")
    track(folder)
    return folder


def test_a_run_has_the_id_and_the_tags_by_which_a_grid_is_pivoted(tracked):
    (run,) = (r.run for r in wandb_file.records(tracked) if r.HasField("run"))
    assert (run.run_id, run.project, run.run_group) == ("abc123", "resound-tests", "cnn mel")
    assert run.display_name == "cnn mel 0"
    assert list(run.tags) == ["network:cnn", "feature:mel", "seed:0"]
    assert run.job_type == "train_classifier"
    config = {item.key: json.loads(item.value_json) for item in run.config.update}
    assert config["network"] == "cnn"
    assert config["spec"] == {"seed": 0}


def test_the_curves_are_the_history(tracked):
    steps = wandb_file.history(tracked)
    assert [json.loads(step["_step"]) for step in steps] == [1, 2]
    assert [json.loads(step["train_loss"]) for step in steps] == [2.0, 1.25]


def test_the_summary_compares_runs(tracked):
    found = wandb_file.summary(tracked)
    assert json.loads(found["accuracy"]) == 7 / 8
    assert json.loads(found["macro_f1"]) == pytest.approx((6 / 7 + 8 / 9) / 2)
    assert json.loads(found["parameters"]) == 9
    assert json.loads(found["outcome"]) == "trained"


def test_the_confusion_matrix_counts_the_predictions(tracked):
    (table,) = tracked.glob("wandb/offline-run-*/files/media/table/confusion_matrix*.json")
    counts = {(true, predicted): n for true, predicted, n in json.loads(table.read_text())["data"]}
    assert counts == {
        ("dog", "dog"): 3, ("dog", "rain"): 1, ("rain", "dog"): 0, ("rain", "rain"): 4
    }  # fmt: skip


def test_sample_predictions_can_be_listened_to(tracked):
    last = wandb_file.history(tracked)[-1]
    captions = json.loads(last["sample_predictions.captions"])
    assert captions[0] == "d: dog as rain (73%)"
    sounds = sorted(tracked.glob("wandb/offline-run-*/files/media/audio/*.wav"))
    assert len(sounds) == len(captions) == 4
    samples, rate = soundfile.read(sounds[0])
    assert rate == RATE
    assert len(samples) == 800


def test_samples_are_the_surest_of_both_kinds():
    assert list(samples_of(PREDICTIONS)["id"]) == ["d", "h", "c", "g"]


def test_a_resumed_run_goes_on_under_its_id(tmp_path):
    for part in (0, 1):
        track(tmp_path / str(part), rows=ROWS[part : part + 1])
    first, second = (
        next(r.run for r in wandb_file.records(tmp_path / str(part)) if r.HasField("run"))
        for part in (0, 1)
    )
    assert first.run_id == second.run_id == "abc123"
    assert json.loads(wandb_file.history(tmp_path / "1")[0]["_step"]) == 2


def test_the_curves_of_a_second_training_follow_those_of_the_first(tmp_path):
    track(tmp_path, rows=[*ROWS, {"epoch": 1, "final_loss": 1.5, "step": 3}])
    *_, last = wandb_file.history(tmp_path)
    assert (json.loads(last["_step"]), json.loads(last["final_loss"])) == (3, 1.5)
    assert "step" not in last


def test_a_failed_training_leaves_its_reason(tmp_path):
    record = {"outcome": "failed", "reason": "the loss is nan", "classes": CLASSES}
    track(tmp_path, rows=[], record=record, predicted=PREDICTIONS[:0])
    assert json.loads(wandb_file.summary(tmp_path)["reason"]) == "the loss is nan"


def test_an_autoencoder_has_curves_and_a_summary_without_predictions(tmp_path):
    record = {key: RECORD[key] for key in ("outcome", "training")}
    track(tmp_path, record=record, predicted=None)
    assert [json.loads(step["_step"]) for step in wandb_file.history(tmp_path)] == [1, 2]
    found = wandb_file.summary(tmp_path)
    assert json.loads(found["epoch"]) == 2
    assert "accuracy" not in found
    (ended,) = (r.exit for r in wandb_file.records(tmp_path) if r.HasField("exit"))
    assert ended.exit_code == 0


def test_a_tracked_training_is_to_the_bit_what_it_is_without(tmp_path):
    cell, spec = {"network": "cnn", "feature": "mel"}, SPEC | {"epochs": 2}
    made = []
    for mode in ("disabled", "offline"):
        tracking = Tracking(mode, "resound-tests", None, str(tmp_path))
        tracker = Tracker(tracking, mode, job_type="train_classifier", cell=cell, spec=spec)
        made.append(train_classifier(*make_bank(), spec, on_epoch=tracker.epoch))
        tracker.finish(made[-1].record, made[-1].predictions)
    without, tracked = made
    assert any(tmp_path.rglob("*.wandb"))
    weights = without.network.state_dict(), tracked.network.state_dict()
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    pd.testing.assert_frame_equal(without.predictions, tracked.predictions, check_exact=True)
    pd.testing.assert_frame_equal(without.history, tracked.history, check_exact=True)


def test_a_disabled_run_writes_nothing(tmp_path, caplog):
    track(tmp_path, mode="disabled")
    assert list(tmp_path.iterdir()) == []
    assert caplog.text == ""


def test_an_unreachable_server_costs_a_warning_and_leaves_an_offline_run(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setattr("resound.training.tracking.CONNECT_SECONDS", 1)
    track(tmp_path, mode="online")
    assert "W&B: starting a run in mode online failed, the training goes on" in caplog.text
    assert "127.0.0.1:9" in caplog.text
    assert "mode offline failed" not in caplog.text
    assert json.loads(wandb_file.summary(tmp_path)["accuracy"]) == 7 / 8


def test_whatever_fails_is_a_warning_and_never_stops_the_run(tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with caplog.at_level(logging.WARNING):
        track(blocked / "wandb")
    assert caplog.text.count("the training goes on") == 1
    assert "starting a run in mode offline failed" in caplog.text
