"""Whole trainings of an autoencoder: what it learns, what it has seen, how it repeats and fails."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch
from small_training import SPEC

from resound.errors import CheckpointError
from resound.store import StoredArray
from resound.training.checkpoint import read_checkpoint, write_checkpoint
from resound.training.inputs import InputTransform
from resound.training.outcome import Outcome
from resound.training.reconstruction import train_autoencoder
from resound.training.record import check_unseen

pytestmark = pytest.mark.usefixtures("one_thread")

CODED = {
    "network": "autoencoder",
    "options": {"code_size": 6, "channels": [8, 16]},
    "selection": "fixed",
    "epochs": 8,
}
UNUSED = ("weights", "loss", "label_smoothing", "augmentation")


@pytest.fixture
def coded() -> dict:
    """Return the spec of an autoencoder's training, to be changed at will."""
    return copy.deepcopy({k: v for k, v in SPEC.items() if k not in UNUSED} | CODED)


@pytest.fixture(scope="module")
def striped(made) -> StoredArray:
    """Return a bank in which every clip is stripes of its own pace: simple, and not its mean."""
    phase = np.arange(60)[:, None, None] * 0.7
    frames, bins = np.arange(12)[None, :, None], np.arange(8)[None, None]
    values = 10 * np.sin(0.9 * frames + 0.5 * bins + phase)
    return StoredArray(values.astype(np.float32), made.bank.ids, made.bank.spec)


def assert_same(one: Outcome, other: Outcome) -> None:
    a, b = one.network.state_dict(), other.network.state_dict()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []
    pd.testing.assert_frame_equal(one.history, other.history, check_exact=True)


def test_a_simple_pattern_is_told_better_than_by_its_mean(striped, made, coded):
    trained = train_autoencoder(striped, made.clips, coded)
    losses = trained.history["train_loss"]
    assert list(trained.history["epoch"]) == list(range(1, 9))
    assert losses.iloc[-1] < 0.5 * losses.iloc[0]
    transform = InputTransform.from_dict(trained.record["input"])
    x = torch.from_numpy(transform.of_bank(striped.values, striped.ids["clips"]))
    with torch.no_grad():
        errors = (trained.network(x) - x).square()
    assert errors[48:].mean() < 0.5 < x[48:].square().mean(), "of clips that it has not seen"


def test_labels_and_query_clips_decide_nothing(striped, made, coded):
    coded |= {"epochs": 2}
    others = made.clips.assign(category="dog")
    noise = striped.values.copy()
    noise[(made.clips["fold"] == 5).to_numpy()] = 0
    one = train_autoencoder(striped, made.clips, coded)
    assert_same(one, train_autoencoder(striped._replace(values=noise), others, coded))


def test_a_training_goes_on_where_it_was(striped, made, coded, tmp_path):
    coded |= {"epochs": 4}
    whole = train_autoencoder(striped, made.clips, coded)

    class Killed(Exception):
        """Ends a training from outside."""

    def kill(row):
        if row["epoch"] == 3:
            raise Killed

    checkpoint, epochs = tmp_path / "run.ckpt", []
    with pytest.raises(Killed):
        train_autoencoder(striped, made.clips, coded, resume=checkpoint, on_epoch=kill)
    resumed = train_autoencoder(
        striped, made.clips, coded, resume=checkpoint, on_epoch=lambda row: epochs.append(row)
    )
    assert [row["epoch"] for row in epochs] == [3, 4]
    assert_same(whole, resumed)


def test_a_stored_autoencoder_knows_its_folds_and_codes_the_same(striped, made, coded, tmp_path):
    trained = train_autoencoder(striped, made.clips, coded | {"epochs": 1})
    assert trained.record["folds_seen"] == [1, 2, 3, 4]
    assert trained.record["training"]["clips"] == 48
    check_unseen(trained.record, [5])
    with pytest.raises(CheckpointError, match=r"autoencoder has seen folds \[1, 2, 3, 4\]"):
        check_unseen(trained.record, [4])
    files = tmp_path / "weights.safetensors", tmp_path / "model.json"
    write_checkpoint(*files, trained.network, trained.record)
    read = read_checkpoint(*files, spec=trained.record["spec"], bank=striped.spec)
    x = read.transform.of_bank(striped.values, striped.ids["clips"])
    code = read.embed(x)
    assert code.shape == (60, 3, 6)
    with torch.no_grad():
        np.testing.assert_array_equal(code, trained.network.embed(torch.from_numpy(x)).numpy())
    with pytest.raises(CheckpointError, match=r"it lacks \['dog'\]"):
        read_checkpoint(*files, classes=["dog"])


def nan(values, clips):
    values[17, 3, 3] = np.nan
    return values, clips


def one_fold(values, clips):
    return values, clips.assign(fold=5)


@pytest.mark.parametrize(
    ("change", "options", "reason"),
    [
        (nan, {}, "clip clip17: its features hold NaN"),
        (one_fold, {}, r"all clips lie in the query folds \[5\]"),
        (lambda *both: both, {"learning_rate": 1e30}, "lower autoencoder.learning_rate"),
    ],
)
def test_what_cannot_be_trained_is_an_outcome(
    striped, made, coded, tmp_path, change, options, reason
):
    values, clips = change(striped.values.copy(), made.clips.copy())
    outcome = train_autoencoder(striped._replace(values=values), clips, coded | options)
    assert outcome.network is None
    assert outcome.record["outcome"] == "failed"
    files = tmp_path / "weights.safetensors", tmp_path / "model.json"
    write_checkpoint(*files, outcome.network, outcome.record)
    with pytest.raises(CheckpointError, match=f"model.json: its training failed: .*{reason}"):
        read_checkpoint(*files)
