import os
import resource

import numpy as np
import pytest
import soundfile
import soxr
import torch
from hypothesis import given
from hypothesis import strategies as st
from plain_efficientat import plain_block, plain_efficientat, plain_log_mel
from tiny_encoders import N_CLASSES, random_efficientat, write_efficientat

from resound.data.audioset import class_names
from resound.encoders.efficientat import EfficientAT, log_mel
from resound.encoders.efficientat_checkpoint import Sizes, sizes_of
from resound.encoders.efficientat_network import BlockSizes, InvertedResidual, channels_at
from resound.errors import CheckpointError
from resound.models.network import count_parameters

# Millions of parameters of each width, as published.
PUBLISHED = {0.4: 0.983, 0.5: 1.43, 1.0: 4.88, 2.0: 17.91, 3.0: 39.09, 4.0: 68.43}


def sound(samples: int, seed: int = 0) -> np.ndarray:
    """Return a tone in noise, in [-1, 1]."""
    rng = np.random.default_rng(seed)
    tone = 0.3 * np.sin(2 * np.pi * 900 * np.arange(samples) / 32000)
    return (tone + 0.05 * rng.standard_normal(samples)).astype(np.float32)


def sounds(*seeds: int, samples: int = 4000) -> torch.Tensor:
    return torch.from_numpy(np.stack([sound(samples, seed) for seed in seeds]))


@pytest.fixture(scope="module")
def network() -> EfficientAT:
    return random_efficientat()


def shapes(width: float) -> EfficientAT:
    """Return a network of 527 classes without memory for its numbers."""
    with torch.device("meta"):
        return EfficientAT(Sizes(width, 527))


# The front end and the layers


@given(st.integers(514, 2000), st.integers(0, 99))
def test_the_frames_in_double_precision_are_the_oracle_s(samples, seed):
    waveform = sound(samples, seed)
    ours = log_mel(torch.from_numpy(waveform).double()[None])[0]
    assert ours.shape == (128, 1 + (samples - 1) // 320)
    np.testing.assert_allclose(ours.numpy(), plain_log_mel(waveform), rtol=0, atol=1e-10)


def test_single_precision_is_near_and_batches_change_nothing():
    waveforms = sounds(0, 1, 2)
    ours = log_mel(waveforms)
    assert ours.dtype == torch.float32
    expected = np.stack([plain_log_mel(waveform) for waveform in waveforms.numpy()])
    np.testing.assert_allclose(ours.numpy(), expected, rtol=0, atol=1e-4)
    torch.testing.assert_close(log_mel(waveforms[1:2])[0], ours[1])


def test_silence_is_the_offset_s_logarithm():
    silent = log_mel(torch.zeros(1, 2000)).unique().item()
    assert silent == pytest.approx((np.log(1e-5) + 4.5) / 5, abs=1e-6)


def test_autocast_does_not_coarsen_the_frames():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = log_mel(sounds(0))
    torch.testing.assert_close(inside, log_mel(sounds(0)), rtol=0, atol=0)


@given(
    n_in=st.sampled_from([8, 16]),
    sizes=st.builds(
        BlockSizes,
        kernel=st.sampled_from([3, 5]),
        expanded=st.sampled_from([16, 24]),
        out=st.sampled_from([8, 16]),
        squeezes=st.booleans(),
        hard=st.booleans(),
        stride=st.sampled_from([1, 2]),
    ),
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    seed=st.integers(0, 99),
)
def test_a_block_is_the_oracle_s(n_in, sizes, height, width, seed):
    torch.manual_seed(seed)
    block = InvertedResidual(n_in, sizes, 1.0).double().eval()
    for module in block.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2.0)
            torch.nn.init.uniform_(module.weight, 0.5, 2.0)
            torch.nn.init.normal_(module.bias)
    x = torch.randn(2, n_in, height, width, dtype=torch.float64)
    p = {name: value.numpy() for name, value in block.state_dict().items()}
    with torch.inference_mode():
        ours = block(x).numpy()
    letter = "H" if sizes.hard else "R"
    expected = [plain_block(p, "block", clip, letter, sizes.stride) for clip in x.numpy()]
    np.testing.assert_allclose(ours, np.stack(expected), rtol=0, atol=1e-10)


def test_embeddings_and_logits_are_the_oracle_s(network):
    x = sounds(0, 1)
    with torch.inference_mode():
        embeddings, logits = network.embed(x), network.logits(x)
    expected = [plain_efficientat(network.state_dict(), clip) for clip in x.numpy()]
    for ours, theirs in zip((embeddings, logits), zip(*expected, strict=True), strict=True):
        scale = np.abs(theirs).max()
        np.testing.assert_allclose(ours.numpy(), np.stack(theirs), rtol=0, atol=1e-4 * scale)


def test_a_row_depends_on_its_own_clip_alone(network):
    with torch.inference_mode():
        together = network.logits(sounds(0, 1, 2, 3))
        among_others = network.logits(sounds(7, 1, 8, 9))
        alone = network.logits(sounds(1))
    assert torch.equal(together[1], among_others[1])
    torch.testing.assert_close(together[1:2], alone)


# The published networks


@pytest.mark.parametrize(("width", "millions"), PUBLISHED.items())
def test_the_published_sizes(width, millions):
    network = shapes(width)
    state = network.state_dict()
    assert len(state) == 312
    assert round(count_parameters(network) / 1e6, 3) == pytest.approx(millions, abs=0.006)
    assert state["features.16.0.weight"].shape == (960 * width, 160 * width, 1, 1)
    assert network.dimension == round(960 * width)
    assert sizes_of(state) == (width, 527)


@pytest.mark.parametrize(
    ("width", "channels"),
    [(0.4, [8, 16, 272, 48]), (0.5, [8, 16, 336, 56]), (1.0, [16, 24, 672, 112])],
)
def test_channels_are_rounded_as_published(width, channels):
    assert [channels_at(width, n) for n in (16, 24, 672, 112)] == channels


@pytest.mark.parametrize("width", [0.1, 0.4, 0.5, 1.0])
def test_a_checkpoint_of_any_width_is_told_by_its_tensors(tmp_path, width):
    write_efficientat(tmp_path / "mn99.pt", width=width)
    network = EfficientAT.from_checkpoint(tmp_path / "mn99.pt")
    assert network.sizes == (width, N_CLASSES)
    expected = random_efficientat(width)
    for name, value in network.state_dict().items():
        assert torch.equal(value, expected.state_dict()[name]), name
    assert all(parameter.requires_grad for parameter in network.parameters())
    with torch.inference_mode():
        x = sounds(0)
        torch.testing.assert_close(network.embed(x), expected.embed(x), rtol=0, atol=0)


def test_half_precision_is_read_as_single(tmp_path, network):
    state = {
        name: value.half() if value.is_floating_point() else value
        for name, value in network.state_dict().items()
    }
    torch.save(state, tmp_path / "half.pt")
    read = EfficientAT.from_checkpoint(tmp_path / "half.pt")
    assert {parameter.dtype for parameter in read.parameters()} == {torch.float32}


def test_our_own_form_gives_the_same_network(network, tmp_path):
    network.save(tmp_path / "own")
    again = EfficientAT.from_checkpoint(tmp_path / "own")
    assert [path.name for path in (tmp_path / "own").iterdir()] == ["model.safetensors"]
    x = sounds(0)
    torch.testing.assert_close(again.logits(x), network.logits(x), rtol=0, atol=0)


# What is wrong with a state dict


def broken(network: EfficientAT, **others: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return a state dict with other tensors in it, dots written as two underscores."""
    own = {name.replace("__", "."): value for name, value in others.items()}
    assert own.keys() <= network.state_dict().keys()
    return {**network.state_dict(), **own}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_named(network, value):
    state = broken(network, features__16__1__bias=torch.full((96,), value))
    with pytest.raises(CheckpointError, match=r"holds NaN or infinity in features\.16\.1\.bias; "):
        EfficientAT.from_state(state)


def test_tensors_of_two_widths_are_named():
    narrow, wide = shapes(0.4).state_dict(), shapes(0.5).state_dict()
    state = {**narrow, "features.16.0.weight": wide["features.16.0.weight"]}
    with pytest.raises(
        CheckpointError, match=r"features\.16\.1\.weight of shape \(384,\) must be \(480,\)"
    ):
        EfficientAT.from_state(state)


@pytest.mark.parametrize(
    "others",
    [
        {"features__16__0__weight": torch.zeros(2**21, 1, 1, 1)},
        {"classifier__5__bias": torch.zeros(2**22)},
    ],
    ids=["width", "classes"],
)
def test_absurd_sizes_are_refused_before_they_cost_memory(network, others):
    state = broken(network, **others)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match=r"missing|of shape .* must be"):
        EfficientAT.from_state(state)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_sizes_that_no_network_can_have_are_refused(network):
    sizes = torch.zeros(1).expand(2**62)
    with pytest.raises(
        CheckpointError, match=r"n_classes=4611686018427387904\) are those of no Ef"
    ):
        EfficientAT.from_state(broken(network, classifier__5__bias=sizes))


@pytest.mark.parametrize(
    "forged",
    [
        torch.zeros(1).expand(2**40),
        torch.sparse_coo_tensor(
            torch.zeros(1, 1).long(), torch.ones(1), (2**40,), check_invariants=True
        ),
        torch.zeros(7, dtype=torch.complex64),
    ],
    ids=["repeated", "sparse", "complex"],
)
def test_tensors_that_hold_less_than_they_claim_are_refused(network, tmp_path, forged):
    torch.save(broken(network, classifier__5__bias=forged), tmp_path / "net.pt")
    with pytest.raises(
        CheckpointError,
        match=r"net\.pt: does not hold all the numbers of classifier\.5\.bias of sh",
    ):
        EfficientAT.from_checkpoint(tmp_path / "net.pt")


# The published weights, where they are

TAGS = {
    "1-100032-A-0": {"Animal": 0.70, "Bark": 0.69, "Dog": 0.64},
    "1-17367-A-10": {"Rain": 0.82},
    "1-26806-A-1": {"Crowing, cock-a-doodle-doo": 0.72},
    "1-116765-A-41": {"Chainsaw": 0.43},
}


@pytest.fixture(scope="module")
def published() -> EfficientAT:
    """Return the published mn04, or skip the test."""
    path = os.environ.get("RESOUND_EFFICIENTAT")
    if not path:
        pytest.skip("RESOUND_EFFICIENTAT is not set: it names mn04_as_mAP_432.pt")
    return EfficientAT.from_checkpoint(path)


@pytest.mark.parametrize(("clip", "tags"), TAGS.items())
def test_the_first_tags_of_a_recording(published, esc50, clip, tags):
    x, rate = soundfile.read(esc50 / "audio" / f"{clip}.wav", dtype="float32")
    x = torch.from_numpy(soxr.resample(x, rate, 32000))[None]
    with torch.inference_mode():
        likely = published.tag_logits(x).sigmoid()[0].topk(len(tags))
    assert [class_names()[position] for position in likely.indices] == list(tags)
    assert likely.values.tolist() == pytest.approx(list(tags.values()), abs=0.02)
