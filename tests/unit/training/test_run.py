"""Whole trainings: what they find, how they repeat, how they go on, how they fail."""

import contextlib
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from small_training import SPEC

from resound.errors import CheckpointError, EnvironmentProblem
from resound.store import StoredArray
from resound.training.callbacks import AverageWeights
from resound.training.checkpoint import read_checkpoint, write_checkpoint
from resound.training.classification import ClassifierTask, train_classifier
from resound.training.outcome import Outcome
from resound.training.record import TRAINED, check_unseen
from resound.training.run import train_and_keep

pytestmark = pytest.mark.usefixtures("one_thread")

HERE = Path(__file__).parent
STEPS = 4 * 6  # epochs, batches


@pytest.fixture(scope="module")
def trained(made) -> Outcome:
    return train_classifier(made.bank, made.clips, SPEC)


def assert_same(one: Outcome, other: Outcome) -> None:
    """Fail unless two trainings ended alike, bit for bit."""
    a, b = one.network.state_dict(), other.network.state_dict()
    assert list(a) == list(b)
    assert [name for name in a if not torch.equal(a[name], b[name])] == []
    pd.testing.assert_frame_equal(one.predictions, other.predictions, check_exact=True)
    pd.testing.assert_frame_equal(one.history, other.history, check_exact=True)
    pd.testing.assert_frame_equal(one.choosing, other.choosing, check_exact=True)


def test_classes_that_differ_are_learned(trained):
    assert trained.record["outcome"] == TRAINED
    assert (trained.predictions["category"] == trained.predictions["predicted"]).mean() > 0.6
    assert list(trained.history["epoch"]) == [1, 2, 3, 4]
    assert trained.history["train_loss"].iloc[-1] < trained.history["train_loss"].iloc[0]
    assert trained.history["learning_rate"].iloc[-1] < 1e-3


def test_predictions_are_of_the_test_fold_and_the_confusion_counts_them(trained, made):
    test = made.clips[made.clips["fold"] == 5]
    assert list(trained.predictions["id"]) == list(test["id"])
    logits = trained.predictions[[f"logit:{name}" for name in ("dog", "rain", "siren")]]
    names = np.array(["dog", "rain", "siren"])[logits.to_numpy().argmax(axis=1)]
    assert list(trained.predictions["predicted"]) == list(names)
    counts = trained.confusion.set_index("category")
    assert counts.to_numpy().sum() == 12
    right = (trained.predictions["category"] == trained.predictions["predicted"]).sum()
    assert np.trace(counts.to_numpy()) == right


def test_the_record_tells_what_the_network_has_seen(trained):
    assert trained.record["folds_seen"] == [1, 2, 3, 4]
    assert trained.record["training"]["clips"] == 48
    assert trained.record["training"]["epoch"] == 4
    assert trained.record["training"]["device"] == "cpu"
    assert trained.record["training"]["precision"] == "32-true"
    check_unseen(trained.record, [5])
    with pytest.raises(CheckpointError, match=r"cnn has seen folds \[1, 2, 3, 4\] .* fold 2, 4"):
        check_unseen(trained.record, [2, 4, 5])


def test_the_same_seed_gives_the_same_predictions_twice(trained, made, spec):
    assert_same(trained, train_classifier(made.bank, made.clips, spec))


def test_another_seed_gives_others(trained, made, spec):
    spec["seed"] = 1
    other = train_classifier(made.bank, made.clips, spec)
    assert not trained.predictions.equals(other.predictions)


def test_a_run_killed_at_any_step_ends_like_one_not_killed(trained, made, spec, tmp_path):
    checkpoint, step = tmp_path / "run.ckpt", random.randrange(STEPS // 4, STEPS)
    killed = subprocess.run(
        [sys.executable, HERE / "small_training.py", checkpoint, str(step), "fixed"], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == ["run.ckpt"], f"killed at step {step}"
    epochs = []
    resumed = train_classifier(
        made.bank, made.clips, spec, resume=checkpoint, on_epoch=lambda row: epochs.append(row)
    )
    assert len(epochs) == 4 - step // 6, f"killed at step {step}"
    assert_same(trained, resumed)


RECIPE = {"average": 0.9, "precision": "fastest", "network": "freq_resnet"}


def scratch(spec: dict, **changes) -> dict:
    """Return the spec of a training with all that this one can do."""
    augmentation = {"time_stretch": 0.25, "crop": 0.5, "pitch": 2.0, "mixing": "between_class"}
    varied = spec["augmentation"] | augmentation | {"mixup": 1.0}
    return spec | RECIPE | {"augmentation": varied} | changes


@pytest.mark.parametrize("epochs", [2, 4])
def test_an_average_goes_on_where_it_stopped(made, spec, tmp_path, epochs):
    """Killed after some epochs, or after the last one, it ends as if it had not been."""
    spec, checkpoint = scratch(spec), tmp_path / "run.ckpt"

    def stop(row):
        if row["epoch"] == epochs + 1:
            raise RuntimeError("stopped")

    whole = train_classifier(made.bank, made.clips, spec)
    with pytest.raises(RuntimeError, match="stopped") if epochs < 4 else contextlib.nullcontext():
        train_classifier(made.bank, made.clips, spec, resume=checkpoint, on_epoch=stop)
    rows = []
    again = train_classifier(made.bank, made.clips, spec, resume=checkpoint, on_epoch=rows.append)
    assert len(rows) == 4 - epochs
    assert_same(whole, again)


def test_an_average_is_that_of_all_steps(made, spec, monkeypatch):
    """After each step the kept weights are drawn towards the new ones by its share."""
    seen = []
    step = AverageWeights.on_train_batch_end

    def record(self, trainer, module, *rest):
        step(self, trainer, module, *rest)
        seen.append([p.detach().clone() for p in module.network.parameters()])

    monkeypatch.setattr(AverageWeights, "on_train_batch_end", record)
    kept = train_classifier(made.bank, made.clips, spec | {"average": 0.5}).network
    expected = seen[0]
    for n, weights in enumerate(seen[1:], start=1):
        decay = min(0.5, (1 + n) / (10 + n))
        expected = [decay * a + (1 - decay) * w for a, w in zip(expected, weights, strict=True)]
    assert len(seen) == STEPS
    for parameter, average in zip(kept.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.detach(), average)


def test_an_average_that_was_chosen_is_the_one_that_was_validated(made, spec):
    spec |= {"average": 0.8, "selection": "test", "epochs": 3}
    outcome = train_classifier(made.bank, made.clips, spec)
    right = outcome.predictions["category"] == outcome.predictions["predicted"]
    best = outcome.history["validation_accuracy"].max()
    assert right.mean() == pytest.approx(best)


@pytest.mark.parametrize(("steps", "epochs"), [(24, 4), (20, 3), (1, 1)])
def test_steps_are_as_many_whole_epochs_as_come_near(trained, made, spec, steps, epochs):
    outcome = train_classifier(made.bank, made.clips, spec | {"steps": steps, "epochs": 77})
    assert outcome.record["training"]["epoch"] == len(outcome.history) == epochs
    if steps == STEPS:
        assert_same(trained, outcome)


def test_the_fastest_arithmetic_is_that_of_the_processor(made, spec):
    outcome = train_classifier(made.bank, made.clips, scratch(spec, epochs=1))
    bfloat16 = torch.cpu.get_capabilities().get("avx512_bf16", False)
    expected = "bf16-mixed" if bfloat16 else "32-true"
    if not torch.cuda.is_available():
        assert outcome.record["training"]["precision"] == expected


def test_what_a_feature_cannot_be_varied_by_is_the_cell_s_outcome(made, spec):
    bank = StoredArray(made.bank.values, made.bank.ids, made.bank.spec | {"feature": "mfcc"})
    spec = scratch(spec, bank=bank.spec | {"options": {"n_mfcc": 8}})
    outcome = train_classifier(bank, made.clips, spec)
    assert "pitch=2.0 semitones: this feature has no bins" in outcome.record["reason"]


@pytest.mark.parametrize("selection", ["fixed", "validation"])
def test_a_run_killed_after_its_last_epoch_only_writes_what_it_has(made, spec, tmp_path, selection):
    spec |= {"selection": selection, "epochs": 2}
    checkpoint = tmp_path / "run.ckpt"
    first = train_classifier(made.bank, made.clips, spec, resume=checkpoint)
    again = train_classifier(
        made.bank, made.clips, spec, resume=checkpoint, on_epoch=lambda row: pytest.fail("trained")
    )
    assert_same(first, again)
    assert again.record["training"] == first.record["training"]


def test_validation_takes_the_best_epoch_of_a_training_fold(made, spec):
    spec |= {"selection": "validation"}
    outcome = train_classifier(made.bank, made.clips, spec)
    accuracy = outcome.history["validation_accuracy"]
    assert outcome.record["training"]["epoch"] == outcome.history["epoch"][accuracy.argmax()]
    assert outcome.record["chosen_on"] == [1]
    assert outcome.record["folds_seen"] == [1, 2, 3, 4]


@pytest.fixture(scope="module")
def chosen(made) -> Outcome:
    return train_classifier(made.bank, made.clips, SPEC | {"selection": "validation"})


def test_the_chosen_epoch_is_trained_again_on_every_clip_that_may_be_seen(trained, chosen):
    """The second training is that of a fixed number of epochs, stopped at the chosen one."""
    epoch = chosen.record["training"]["epoch"]
    assert 1 < epoch < 4, "a choice in between tells most"
    assert chosen.record["training"]["clips"] == 48
    final = chosen.history[["final_loss", "final_accuracy"]]
    fixed = trained.history[["train_loss", "train_accuracy"]]
    np.testing.assert_array_equal(final[:epoch], fixed[:epoch])
    assert final[epoch:].isna().all(axis=None)
    assert chosen.record["input"] == trained.record["input"]


def test_the_clips_that_chose_keep_what_the_first_training_made_of_them(chosen, made):
    """It had not seen them: its accuracy on them is the one by which the epoch was chosen."""
    assert list(chosen.choosing["id"]) == list(made.clips[made.clips["fold"] == 1]["id"])
    right = (chosen.choosing["category"] == chosen.choosing["predicted"]).mean()
    assert right == pytest.approx(chosen.history["validation_accuracy"].max())


def test_without_a_fold_that_chooses_no_clip_has_chosen(trained, made, spec):
    assert len(trained.choosing) == 0
    assert list(trained.choosing) == list(trained.predictions)
    spec |= {"selection": "test", "epochs": 1}
    assert len(train_classifier(made.bank, made.clips, spec).choosing) == 0


@pytest.mark.parametrize("step", [7, 20, 27], ids=["first", "between", "second"])
def test_a_choosing_run_killed_in_either_training_ends_like_one_not_killed(
    chosen, made, spec, tmp_path, step
):
    checkpoint, selection = tmp_path / "run.ckpt", "validation"
    killed = subprocess.run(
        [sys.executable, HERE / "small_training.py", checkpoint, str(step), selection], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == ["run.ckpt"]
    rows = []
    spec |= {"selection": selection}
    resumed = train_classifier(
        made.bank, made.clips, spec, resume=checkpoint, on_epoch=lambda row: rows.append(row)
    )
    steps = [int(row.get("step", row["epoch"])) for row in rows]
    done = {7: 1, 20: 4, 27: 5}[step]
    assert steps == list(range(1 + done, 1 + 4 + chosen.record["training"]["epoch"]))
    assert_same(chosen, resumed)
    told, again = chosen.record["training"], resumed.record["training"]
    assert {**told, "seconds": 0} == {**again, "seconds": 0}


def test_a_network_chosen_on_the_test_fold_has_seen_it(made, spec):
    spec |= {"selection": "test", "epochs": 1}
    outcome = train_classifier(made.bank, made.clips, spec)
    assert outcome.record["folds_seen"] == [1, 2, 3, 4, 5]
    with pytest.raises(CheckpointError, match=r"selection test.*fold 5 cannot be its queries"):
        check_unseen(outcome.record, [5])


def test_a_stored_network_says_the_same_again(trained, made, tmp_path):
    files = tmp_path / "weights.safetensors", tmp_path / "model.json"
    write_checkpoint(*files, trained.network, trained.record)
    read = read_checkpoint(*files, bank=made.bank.spec, classes=["dog", "rain", "siren"])
    x = read.transform.of_bank(made.bank.values, made.bank.ids["clips"])
    embeddings = read.embed(x)
    assert embeddings.shape == (60, 8)
    logits = read.classify(embeddings[48:])
    stored = trained.predictions[[f"logit:{name}" for name in ("dog", "rain", "siren")]]
    np.testing.assert_array_equal(logits, stored.to_numpy(np.float32))


def spoiled(made, change) -> tuple[StoredArray, pd.DataFrame]:
    values, clips = made.bank.values.copy(), made.clips.copy()
    values, clips = change(values, clips)
    return StoredArray(values, made.bank.ids, made.bank.spec), clips


def nan(values, clips):
    values[17, 3, 3] = np.nan
    return values, clips


def short(values, clips):
    return values[:, :3], clips


def one_class(values, clips):
    return values, clips.assign(category=np.where(clips["fold"] < 5, "dog", "rain"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (nan, "clip clip17: its features hold NaN"),
        (short, "3 frames are fewer than the 4 that CNN needs to pool"),
        (one_class, r"the folds \[1, 2, 3, 4\] to train on hold 1 classes"),
    ],
)
def test_what_a_cell_cannot_be_trained_on_is_its_outcome(made, spec, tmp_path, change, reason):
    outcome = train_classifier(*spoiled(made, change), spec)
    assert outcome.network is None
    assert outcome.record["outcome"] == "failed"
    assert len(outcome.predictions) == 0
    assert list(outcome.predictions.columns)[:4] == ["id", "fold", "category", "predicted"]
    files = tmp_path / "weights.safetensors", tmp_path / "model.json"
    write_checkpoint(*files, outcome.network, outcome.record)
    with pytest.raises(CheckpointError, match=f"model.json: its training failed: .*{reason}"):
        read_checkpoint(*files)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_no_finding_about_the_cell(made, spec):
    with pytest.raises(EnvironmentProblem, match="accelerator: gpu, but torch finds no GPU"):
        train_classifier(made.bank, made.clips, spec | {"accelerator": "gpu"})


def test_a_job_leaves_its_files_and_no_checkpoint(made, spec, tmp_path):
    names = ("history", "predictions", "confusion")
    files = {name: tmp_path / f"{name}.csv" for name in names}
    files |= {"weights": tmp_path / "weights.safetensors", "model": tmp_path / "model.json"}
    stale = tmp_path / f".{'0' * 16}.ckpt"
    stale.touch()
    task = ClassifierTask(made.bank, made.clips, spec | {"threads": 1, "epochs": 1})
    outcome = train_and_keep(task, files, cell={"network": "cnn", "feature": "mel"})
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in files.values()}
    read = read_checkpoint(files["weights"], files["model"], spec=task.spec)
    stored, kept = read.network.state_dict(), outcome.network.state_dict()
    assert [name for name in kept if not torch.equal(stored[name], kept[name])] == []
    for name in names:
        assert len(pd.read_csv(files[name])) == len(getattr(outcome, name))


def test_a_training_that_diverges_says_so(made, spec, caplog):
    spec |= {"learning_rate": 1e30, "epochs": 2}
    outcome = train_classifier(made.bank, made.clips, spec)
    assert outcome.record["reason"].startswith("the loss is nan in epoch")
    assert "lower classification.learning_rate" in caplog.text
