"""The supervised contrastive loss against plain loops, and trainings by it."""

import math

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from torch.nn.functional import normalize

from resound.training.classification import train_classifier
from resound.training.losses.supcon import supcon_loss
from tests.examples import examples

pytestmark = pytest.mark.usefixtures("one_thread")

SUPCON = {"name": "supcon", "temperature": 0.1, "projection": 4}


def plain_supcon(z, labels, temperature) -> float:
    """Sum the formula up term by term."""
    losses = []
    for i, anchor in enumerate(z):
        others = [a for a in range(len(z)) if a != i]
        positives = [p for p in others if labels[p] == labels[i]]
        if not positives:
            continue
        total = sum(math.exp(float(anchor @ z[a]) / temperature) for a in others)
        shares = [math.exp(float(anchor @ z[p]) / temperature) / total for p in positives]
        losses.append(-sum(map(math.log, shares)) / len(positives))
    return sum(losses) / len(losses) if losses else 0.0


@examples(times=0.6)
@given(
    labels=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    n_dims=st.integers(1, 5),
    temperature=st.floats(0.05, 2),
    seed=st.integers(0, 2**31),
)
def test_the_loss_is_its_formula(labels, n_dims, temperature, seed):
    rng = torch.Generator().manual_seed(seed)
    z = normalize(torch.randn(len(labels), n_dims, generator=rng, dtype=torch.float64), dim=1)
    loss = supcon_loss(z, torch.tensor(labels), temperature)
    assert loss.item() == pytest.approx(plain_supcon(z, labels, temperature), rel=1e-9, abs=1e-12)


def test_its_gradient_is_finite_and_right():
    z = torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 0, 1, 1, 1, 2])
    z = z.requires_grad_()
    assert torch.autograd.gradcheck(lambda v: supcon_loss(normalize(v, dim=1), labels, 0.5), [z])


def test_classes_that_stand_together_cost_less():
    labels = torch.tensor([0, 0, 1, 1])
    together = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    across = together[[0, 2, 1, 3]]
    assert supcon_loss(together, labels, 0.1) < 0.01 < 5 < supcon_loss(across, labels, 0.1)


@pytest.fixture
def supcon(spec) -> dict:
    return spec | {"loss": SUPCON}


def test_it_learns_classes_and_tells_their_accuracy(made, supcon):
    outcome = train_classifier(made.bank, made.clips, supcon | {"epochs": 16})
    assert (outcome.predictions["category"] == outcome.predictions["predicted"]).mean() > 0.6
    losses = outcome.history["train_loss"]
    assert losses.iloc[-1] < losses.iloc[0]
    assert not [name for name in outcome.network.state_dict() if "project" in name]


def test_labels_move_the_embedding_by_the_contrastive_loss_alone(made, supcon):
    """The last layer starts elsewhere, and the blocks below it end the same."""
    one, other = (
        train_classifier(made.bank, made.clips, supcon | {"epochs": 1, "label_smoothing": s})
        for s in (0.0, 0.5)
    )
    a, b = one.network.state_dict(), other.network.state_dict()
    assert {name for name in a if not torch.equal(a[name], b[name])} == {"head.weight", "head.bias"}


def test_a_training_by_it_goes_on_where_it_was(made, supcon, tmp_path):
    class Killed(Exception):
        """Ends a training from outside."""

    def kill(row):
        if row["epoch"] == 3:
            raise Killed

    whole = train_classifier(made.bank, made.clips, supcon)
    with pytest.raises(Killed):
        train_classifier(made.bank, made.clips, supcon, resume=tmp_path / "run.ckpt", on_epoch=kill)
    resumed = train_classifier(made.bank, made.clips, supcon, resume=tmp_path / "run.ckpt")
    pd.testing.assert_frame_equal(whole.history, resumed.history, check_exact=True)
    logits = [outcome.predictions.filter(like="logit:") for outcome in (whole, resumed)]
    np.testing.assert_array_equal(*logits)
