"""Fine-tuning on tiny encoders: what learns at which rate, what is kept, what comes out."""

import copy
import math

import numpy as np
import pandas as pd
import pytest
import torch
from small_finetuning import AUDIO, OFF, SPEC, encoder, make_clips

from resound.encoders.classifier import build_classifier
from resound.errors import CheckpointError, ParameterError
from resound.registry import HEADS
from resound.store import StoredArray
from resound.training.augment import augment_waveforms
from resound.training.checkpoint import write_tensors
from resound.training.finetuned import masked_hidden, read_finetuned, vectors_of
from resound.training.finetuning import FinetuneTraining, finetune
from resound.training.losses.cross_entropy import CrossEntropy
from tests.tiny_encoders import random_efficientat


@pytest.fixture
def spec() -> dict:
    return copy.deepcopy(SPEC)


@pytest.fixture(scope="module")
def clips() -> tuple[StoredArray, pd.DataFrame]:
    """Return the clips and their index; not to be changed."""
    return make_clips()


@pytest.fixture(scope="module")
def trained(clips):
    return finetune(encoder(), *clips, SPEC)


def test_each_layer_learns_at_its_own_rate():
    network = build_classifier(encoder(), 3, name="mlp", width=4, dropout=0.0, seed=0)
    options = {"learning_rate": 0.1, "encoder_learning_rate": 0.01, "layer_decay": 0.5}
    made = {"loss": CrossEntropy(16), "augmentation": OFF, "seed": 0}
    module = FinetuneTraining(network, 3, options=options, **made)
    (head, rate), *layers = module.layers()
    assert rate == 0.1
    assert {id(p) for p in head} == {id(p) for p in network.head.parameters()}
    groups = network.encoder.layer_groups()
    assert [r for _, r in layers] == [0.01 * 0.5**i for i in range(len(groups))]
    assert layers[0][0] is groups[-1] or [*map(id, layers[0][0])] == [*map(id, groups[-1])]
    trained = {id(p) for p in network.parameters() if p.requires_grad}
    listed = [id(p) for group, _ in module.layers() for p in group]
    assert sorted(listed) == sorted(trained)


@pytest.mark.parametrize("name", ["adapter", "mlp"])
def test_a_head_makes_a_hidden_vector_and_classes(name):
    head = HEADS[name](6, 3, width=4, dropout=0.0)
    embedding = torch.randn(5, 6)
    hidden = head.hidden(embedding)
    assert head.classify(hidden).shape == (5, 3)
    assert hidden.shape == (5, {"adapter": 6, "mlp": 4}[name])
    if name == "adapter":
        torch.testing.assert_close(hidden, embedding, msg="an untrained adapter adds nothing")


def test_the_own_head_begins_as_the_encoder_s_hidden_layer_and_learns_apart_from_it():
    encoder, waveforms = random_efficientat(), torch.randn(2, 4000)
    network = build_classifier(encoder, 3, name="own", width=4, dropout=0.0, seed=0).eval()
    hidden = network.head.hidden(network.embed(waveforms))
    torch.testing.assert_close(encoder.classifier[5](hidden), encoder.logits(waveforms))
    assert network.classify(network.embed(waveforms)).shape == (2, 3)
    with torch.no_grad():
        network.head.layer[0].weight.zero_()
    assert encoder.classifier[2].weight.any()


def test_an_encoder_without_a_layer_of_its_own_cannot_have_the_own_head():
    with pytest.raises(ParameterError, match="Beats has no layer of its own before classes"):
        build_classifier(encoder(), 3, name="own", width=4, dropout=0.0, seed=0)


def test_a_training_leaves_predictions_of_the_test_fold_and_what_it_has_seen(trained, clips):
    assert trained.record["outcome"] == "trained"
    assert trained.record["folds_seen"] == [1, 2, 3, 4]
    assert set(trained.predictions["fold"]) == {5}
    assert list(trained.predictions["id"]) == clips[0].ids["clips"][24:]
    assert list(trained.history["epoch"]) == [1, 2]
    assert "validation_accuracy" in trained.history
    assert trained.record["chosen_on"] == [1]
    assert trained.record["training"]["clips"] == 24


def test_encoder_and_head_both_learn(trained):
    at_first = build_classifier(encoder(), 3, **SPEC["head"], seed=0).trained_tensors()
    now = trained.network.trained_tensors()
    still = [name for name in now if torch.equal(at_first[name], now[name])]
    moved = [name.partition(".")[0] for name in now if name not in still]
    assert set(moved) == {"encoder", "head"}
    assert len(still) < len(now) / 4


def test_the_labels_of_the_test_fold_decide_nothing(trained, clips, spec):
    bank, index = clips
    other = index.copy()
    tested = other["fold"] == 5
    other.loc[tested, "category"] = np.roll(other.loc[tested, "category"], 1)
    again = finetune(encoder(), bank, other, spec)
    for name, value in trained.network.trained_tensors().items():
        assert torch.equal(value, again.network.trained_tensors()[name]), name


def test_a_training_that_stopped_ends_as_one_that_did_not(trained, clips, spec, tmp_path):
    class StoppedError(Exception):
        pass

    def stop(row):
        # Called before the epoch's checkpoint is written: the second epoch is lost.
        if row["epoch"] == 2:
            raise StoppedError

    path = tmp_path / "resume.ckpt"
    with pytest.raises(StoppedError):
        finetune(encoder(), *clips, spec, resume=path, on_epoch=stop)
    assert path.exists()
    resumed = finetune(encoder(), *clips, spec, resume=path)
    for name, value in trained.network.trained_tensors().items():
        assert torch.equal(value, resumed.network.trained_tensors()[name]), name
    pd.testing.assert_frame_equal(resumed.predictions, trained.predictions)
    pd.testing.assert_frame_equal(resumed.history, trained.history)


def test_accumulated_batches_make_the_step_of_one_large_batch(clips, spec):
    def weights(batch_size, accumulate):
        spec["augmentation"] = OFF
        spec["head"] = {**spec["head"], "dropout": 0.0}
        changes = {"batch_size": batch_size, "accumulate": accumulate, "gradient_clip": 0.0}
        changes |= {"epochs": 1, "warmup_epochs": 0, "selection": "fixed", "label_smoothing": 0.0}
        done = finetune(encoder(), *clips, spec | changes)
        return done.network.trained_tensors()["head.classes.weight"]

    at_first = build_classifier(encoder(), 3, **SPEC["head"], seed=0).head.classes.weight
    one, two = weights(12, 1), weights(6, 2)
    assert (one - at_first).abs().max() > 1e-3
    torch.testing.assert_close(one, two, rtol=0, atol=2e-5)


def test_mixed_precision_trains_too(clips, spec):
    done = finetune(encoder(), *clips, spec | {"precision": "bf16-mixed", "epochs": 1})
    assert done.record["training"]["precision"] == "bf16-mixed"
    assert np.isfinite(done.history["train_loss"]).all()
    assert all(value.dtype == torch.float32 for value in done.network.trained_tensors().values())


def test_what_is_stored_is_read_back_to_the_bit(trained, clips, tmp_path):
    files = tmp_path / "weights.safetensors", tmp_path / "model.json"
    write_tensors(*files, trained.network.trained_tensors(), trained.record)
    read = read_finetuned(encoder(), *files, spec=SPEC)
    one, two = (vectors_of(network, clips[0].values) for network in (trained.network, read))
    for name, vectors in one.items():
        np.testing.assert_array_equal(vectors, two[name])
    files[0].write_bytes(files[0].read_bytes()[:-1] + b"!")
    with pytest.raises(CheckpointError, match="its bytes are not those"):
        read_finetuned(encoder(), *files, spec=SPEC)


def test_the_vectors_are_what_the_predictions_were_made_of(trained, clips):
    vectors = vectors_of(trained.network, clips[0].values)
    assert {name: v.shape for name, v in vectors.items()} == {
        "embedding": (30, 16), "hidden": (30, 16), "probabilities": (30, 3), "classes": (30, 3)
    }  # fmt: skip
    np.testing.assert_allclose(vectors["probabilities"].sum(axis=1), 1, rtol=1e-5)
    assert (vectors["classes"].sum(axis=1) == 1).all()
    predicted = np.array(["a", "b", "c"])[vectors["classes"].argmax(axis=1)]
    assert list(predicted[24:]) == list(trained.predictions["predicted"])


def test_masking_is_seeded_and_none_of_it_changes_nothing(trained, clips):
    values = clips[0].values
    whole = vectors_of(trained.network, values)["hidden"]
    none, half, again, other = (
        masked_hidden(trained.network, values, share=share, seed=seed)
        for share, seed in ((0.0, 0), (0.5, 0), (0.5, 0), (0.5, 1))
    )
    np.testing.assert_array_equal(none, whole)
    np.testing.assert_array_equal(half, again)
    assert np.abs(half - whole).max() > 1e-6
    assert np.abs(half - other).max() > 1e-6


def test_clips_that_are_too_short_are_a_finding(clips, spec):
    bank, index = clips
    short = StoredArray(bank.values[:, :2000], bank.ids, AUDIO)
    outcome = finetune(encoder(), short, index, spec)
    assert outcome.network is None
    assert outcome.record["outcome"] == "failed"
    assert "2000 samples are shorter than the 2800" in outcome.record["reason"]
    assert len(outcome.predictions) == 0


def test_waveforms_are_rolled_made_louder_and_mixed():
    x = torch.arange(12.0).reshape(2, 6)
    targets = torch.eye(2)

    def varied(**options):
        return augment_waveforms(x, targets, np.random.default_rng(3), options=OFF | options)

    same, unchanged = varied()
    assert torch.equal(same, x)
    assert torch.equal(unchanged, targets)
    rolled, _ = varied(time_roll=1.0)
    assert not torch.equal(rolled, x)
    assert [sorted(row) for row in rolled.tolist()] == x.tolist()
    louder, _ = varied(gain_db=6.0)
    ratios = louder[1] / x[1]
    assert torch.allclose(ratios, ratios[:1])
    assert abs(20 * math.log10(ratios[0])) <= 6.0
    assert ratios[0] != 1
    silenced, _ = varied(time_masks=4, time_mask=0.9)
    assert ((silenced == x) | (silenced == 0)).all()
    assert (silenced[1] == 0).any()
    mixed, shares = varied(mixup=0.4)
    torch.testing.assert_close(mixed, shares @ x)
