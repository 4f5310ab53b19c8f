import re

import numpy as np
import pytest
import torch

from resound.errors import ParameterError
from resound.models.blocks import dropout
from resound.models.classifier import Classifier
from resound.models.network import count_parameters
from resound.registry import NETWORKS

pytestmark = pytest.mark.usefixtures("one_thread")

# Small enough for seconds, and the options of every network that has them.
SMALL = {
    "cnn": {"channels": (4, 8)},
    "attention_cnn": {"channels": (4, 8), "heads": 2},
    "crnn": {"channels": (4, 8), "hidden": 6},
    "resnet18": {},
    "freq_resnet": {"channels": (4, 8), "depth": 2},
}
CLIPS, FRAMES, BINS, CLASSES = 3, 20, 16, 5


def build(name: str, n_planes: int = 1, **options):
    torch.manual_seed(0)
    return NETWORKS[name](
        BINS * n_planes, CLASSES, n_planes=n_planes, **{**SMALL.get(name, {}), **options}
    )


def clips(n_planes: int = 1, frames: int = FRAMES) -> torch.Tensor:
    return torch.randn(CLIPS, frames, BINS * n_planes, generator=torch.Generator().manual_seed(1))


def test_the_study_s_networks_are_there():
    assert {"cnn", "attention_cnn", "crnn", "resnet18"} <= set(NETWORKS)


@pytest.mark.parametrize("n_planes", [1, 3])
@pytest.mark.parametrize("name", list(NETWORKS))
def test_a_clip_becomes_a_hidden_vector_and_that_becomes_logits(name, n_planes):
    network = build(name, n_planes).eval()
    embedding = network.embed(clips(n_planes))
    assert embedding.shape == (CLIPS, network.n_embedding)
    logits = network(clips(n_planes))
    assert logits.shape == (CLIPS, CLASSES)
    torch.testing.assert_close(network.classify(embedding), logits)


@pytest.mark.parametrize("name", list(NETWORKS))
def test_a_clip_s_vector_does_not_depend_on_its_batch(name):
    network = build(name).eval()
    together = network.embed(clips())
    torch.testing.assert_close(network.embed(clips()[1:2]), together[1:2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", list(NETWORKS))
def test_every_parameter_learns(name):
    """After one step: a block that begins as if it were not there has nothing to learn before."""
    network = build(name, 3)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    for _ in range(2):
        optimizer.zero_grad()
        network(clips(3)).square().mean().backward()
        optimizer.step()
    idle = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []
    assert count_parameters(network) == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("name", list(NETWORKS))
def test_planes_are_told_apart(name):
    network = build(name, 3).eval()
    x = clips(3)
    swapped = torch.cat([x[..., BINS:], x[..., :BINS]], dim=2)
    assert not torch.allclose(network.embed(x), network.embed(swapped))


@pytest.mark.parametrize("name", [n for n in NETWORKS if SMALL.get(n)])
def test_fewer_frames_than_can_be_pooled_are_an_error(name):
    network = build(name).eval()
    network.embed(clips(frames=network.min_frames))
    with pytest.raises(ParameterError, match=r"frames are fewer than the \d+ that .* lower hop"):
        network.embed(clips(frames=network.min_frames - 1))


@pytest.mark.parametrize("name", [n for n in NETWORKS if SMALL.get(n)])
def test_fewer_dims_than_can_be_pooled_are_an_error(name):
    with pytest.raises(ParameterError, match="16 dims a plane or more to pool, not 15"):
        NETWORKS[name](15, CLASSES)


@pytest.mark.parametrize("name", list(NETWORKS))
def test_input_of_another_shape_is_an_error(name):
    with pytest.raises(ParameterError, match=r"must be \(batch, frames, 16\)"):
        build(name)(torch.zeros(1, FRAMES, 17))
    with pytest.raises(ParameterError, match="n_dims=16 cannot be divided into n_planes=3"):
        NETWORKS[name](16, CLASSES, n_planes=3)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("cnn", {"channels": []}, r"channels=\[\] must be a list of channels"),
        ("cnn", {"channels": "16"}, "channels='16' must be a list of channels"),
        ("crnn", {"channels": [4, 0]}, "channels=0 must be a positive integer"),
        ("crnn", {"hidden": 0}, "hidden=0 must be a positive integer"),
        ("attention_cnn", {"heads": "2"}, "heads='2' must be a positive integer"),
        ("freq_resnet", {"depth": 0}, "depth=0 must be a positive integer"),
        ("freq_resnet", {"drop_path": 1}, "drop_path=1 must be a share from 0 up to 1"),
        ("attention_cnn", {"dropout": 1}, "dropout=1 must be a share from 0 up to 1"),
        ("attention_cnn", {"dropout": "0.1"}, "dropout='0.1' must be a share"),
    ],
)
def test_an_option_out_of_its_range_is_an_error(name, options, message):
    with pytest.raises(ParameterError, match=message):
        NETWORKS[name](64, CLASSES, **options)


def test_a_share_is_any_kind_of_number():
    assert dropout(np.float32(0.5)).p == 0.5


class Mine(Classifier):
    """A network whose parts return what they are given."""

    n_embedding = 4

    def __init__(self, embedded: torch.Tensor, logits: torch.Tensor) -> None:
        super().__init__(8, 1)
        self.embedded, self.head = embedded, lambda _: logits

    def embed_planes(self, x):
        return self.embedded


@pytest.mark.trouble("a user's own network that returns another shape", "told with file and line")
@pytest.mark.parametrize("shape", [(3, 4), (2, 5), (4,), (2, 1, 1, 4)])
def test_embeddings_of_another_shape_are_an_error_with_file_and_line(shape):
    network = Mine(torch.zeros(shape), torch.zeros(2, 3))
    told = rf"Mine, .*test_networks\.py, line \d+: returned the shape {re.escape(str(shape))}"
    with pytest.raises(ParameterError, match=told):
        network(torch.zeros(2, 6, 8))


@pytest.mark.trouble("a user's own network that returns another shape", "told with file and line")
@pytest.mark.parametrize("shape", [(3, 3), (2,), (2, 3, 1)])
def test_logits_of_another_shape_are_an_error_with_file_and_line(shape):
    network = Mine(torch.zeros(2, 4), torch.zeros(shape))
    told = (
        rf"Mine, .*test_networks\.py, line \d+: its head returned the shape {re.escape(str(shape))}"
    )
    with pytest.raises(ParameterError, match=told):
        network(torch.zeros(2, 6, 8))
