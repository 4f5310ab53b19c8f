import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from resound.errors import ParameterError
from resound.models.autoencoder import Autoencoder
from resound.registry import AUTOENCODERS
from tests.examples import examples

pytestmark = pytest.mark.usefixtures("one_thread")


def build(n_dims=16, n_planes=1, **options) -> Autoencoder:
    torch.manual_seed(0)
    return Autoencoder(n_dims, n_planes=n_planes, **{"code_size": 6, "channels": (4, 8)} | options)


def clips(frames=20, dims=16) -> torch.Tensor:
    return torch.randn(3, frames, dims, generator=torch.Generator().manual_seed(1))


def test_it_is_registered_under_its_name():
    assert AUTOENCODERS["autoencoder"] is Autoencoder


@examples(times=0.25)
@given(
    frames=st.integers(1, 40), bins=st.integers(1, 20), n_planes=st.integers(1, 3),
    n_halvings=st.integers(1, 4),
)  # fmt: skip
def test_any_size_becomes_a_code_and_comes_back_in_its_own(frames, bins, n_planes, n_halvings):
    network = build(bins * n_planes, n_planes, channels=[2] * n_halvings).eval()
    x = clips(frames, bins * n_planes)
    code = network.embed(x)
    assert code.shape == (3, -(-frames // 2**n_halvings), 6)
    assert network.decode(code, frames).shape == x.shape
    torch.testing.assert_close(network(x), network.decode(code, frames))


def test_a_clip_s_code_does_not_depend_on_its_batch():
    network = build().eval()
    torch.testing.assert_close(network.embed(clips())[1:2], network.embed(clips()[1:2]))


def test_a_code_frame_hears_its_own_time_alone():
    """With two halvings it reads at most 3 frames to each side of its own four."""
    network, x = build().eval(), clips(frames=40)
    later = x.clone()
    later[:, 20:] += 1
    same = (network.embed(x) == network.embed(later)).all(2).all(0)
    assert same.tolist() == [True] * 5 + [False] * 5


def test_every_parameter_learns():
    network = build(48, n_planes=3)
    network(clips(dims=48)).square().sum().backward()
    idle = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


def test_the_planes_of_a_reconstruction_stand_where_they_stood():
    """What the decoder paints on one plane is found in that plane's dims."""
    network = build(48, n_planes=3).eval()
    last = network.decoder[-1][-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([1.0, 2.0, 3.0]))
        painted = network(clips(dims=48))
    assert painted[0, 0].tolist() == [1.0] * 16 + [2.0] * 16 + [3.0] * 16


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"code_size": 0}, "code_size=0 must be a positive integer"),
        ({"channels": []}, r"channels=\[\] must be a list of channels"),
        ({"n_planes": 3}, "n_dims=16 cannot be divided into n_planes=3"),
    ],
)
def test_an_option_out_of_its_range_is_an_error(options, message):
    with pytest.raises(ParameterError, match=message):
        build(**options)


def test_input_of_another_shape_is_an_error():
    with pytest.raises(ParameterError, match=r"must be \(batch, frames, 16\)"):
        build().embed(torch.zeros(1, 20, 17))
