"""Mixtures of clips against plain sums, clip by clip."""

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from resound.errors import ParameterError
from resound.training.mixing import WAYS, Decibels, mix, mix_powers, mix_stretches, mix_up

seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(st.integers(1, 6), st.integers(1, 12), st.integers(1, 5))


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def drawn(seed: int, alpha: float, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares and partners that a seed decides."""
    generator = rng(seed)
    return generator.beta(alpha, alpha, size=batch), generator.permutation(batch)


@given(sizes, seeds, st.floats(0.05, 5))
def test_a_mixture_is_of_two_clips_and_their_targets_alike(shape, seed, alpha):
    n = shape[0]
    x = torch.eye(n)[:, None, :].repeat(1, shape[1], 1)
    mixed, targets = mix_up(x, torch.eye(n), rng(seed), alpha)
    torch.testing.assert_close(mixed, targets[:, None, :].expand(x.shape))
    torch.testing.assert_close(targets.sum(dim=1), torch.ones(n))
    assert (targets > 0).sum(dim=1).max() <= 2
    assert torch.diagonal(targets).min() >= 0.5


@given(sizes, seeds, st.floats(0.05, 5))
def test_a_full_mixture_has_the_share_that_was_drawn(shape, seed, alpha):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    mixed, _ = mix_up(x, torch.eye(shape[0]), rng(seed), alpha, main=False)
    shares, others = drawn(seed, alpha, shape[0])
    for clip, (share, other) in enumerate(zip(shares, others, strict=True)):
        expected = share * x[clip] + (1 - share) * x[other]
        torch.testing.assert_close(mixed[clip], expected.float(), rtol=1e-4, atol=1e-5)


def test_mixtures_are_drawn():
    _, targets = mix_up(torch.ones(64, 1, 1), torch.eye(64), rng(0), 1.0)
    assert (torch.diagonal(targets) < 0.95).sum() > 20


@given(st.integers(2, 5), seeds, st.floats(-60, 60))
def test_of_two_waveforms_the_share_that_is_heard_is_the_target(batch, seed, louder):
    """Whatever the levels are, the amplitudes in the sum are as the shares."""
    x = torch.eye(batch)[:, :, None].repeat(1, 4, 1) * torch.linspace(1, 2, batch)[:, None, None]
    x[0] *= 10 ** (louder / 20)
    mixed, targets = mix_powers(x, torch.eye(batch), rng(seed), 1.0)
    _, others = drawn(seed, 1.0, batch)
    for clip, other in enumerate(others):
        if other != clip:
            heard = [mixed[clip, at, 0] / x[at, at, 0] for at in (clip, other)]
            levels = [
                (h * x[at].square().mean().sqrt())
                for h, at in zip(heard, (clip, other), strict=True)
            ]
            share = levels[0] / sum(levels)
            torch.testing.assert_close(share, targets[clip, clip], rtol=1e-3, atol=1e-4)


@given(sizes, seeds)
def test_bands_in_decibels_are_those_of_added_powers(shape, seed):
    generator = torch.Generator().manual_seed(0)
    decibels = Decibels(
        torch.rand(shape[2], generator=generator) + 0.1,
        torch.randn(shape[2], generator=generator) - 50,
        bands=True,
    )
    x = torch.randn(shape, generator=generator)
    mixed, _ = mix_powers(x, torch.eye(shape[0]), rng(seed), 1.0, decibels=decibels)
    step, offset = decibels.step.numpy().astype(float), decibels.offset.numpy().astype(float)
    power = 10 ** ((x.numpy() / step + offset) / 10)
    shares, others = drawn(seed, 1.0, shape[0])
    for clip, (r, other) in enumerate(zip(shares, others, strict=True)):
        level = [10 * np.log10(power[at].mean()) for at in (clip, other)]
        p = 1 / (1 + 10 ** ((level[0] - level[1]) / 20) * (1 - r) / r)
        summed = (p**2 * power[clip] + (1 - p) ** 2 * power[other]) / (p**2 + (1 - p) ** 2)
        expected = (10 * np.log10(summed) - offset) * step
        np.testing.assert_allclose(mixed[clip].numpy(), expected, rtol=1e-3, atol=2e-3)


def test_independent_waveforms_keep_their_power():
    x = torch.randn(8, 20_000, 1, generator=torch.Generator().manual_seed(0))
    mixed, _ = mix_powers(x, torch.eye(8), rng(0), 1.0)
    _, others = drawn(0, 1.0, 8)
    apart = others != np.arange(8)
    power = mixed.square().mean((1, 2))[apart]
    torch.testing.assert_close(power, torch.ones_like(power), rtol=0.05, atol=0)


@given(sizes, seeds, st.booleans(), st.integers(1, 3))
def test_a_stretch_of_the_other_clip_is_as_long_as_its_share(shape, seed, of_time, n_planes):
    batch, frames, bins = shape
    x = torch.arange(batch)[:, None, None].expand(batch, frames, bins * n_planes).float()
    options = {"of_time": of_time, "n_planes": n_planes}
    mixed, targets = mix_stretches(x, torch.eye(batch), rng(seed), 1.0, **options)
    for clip in range(batch):
        for at in range(batch):
            heard = (mixed[clip] == at).float().mean()
            torch.testing.assert_close(heard, targets[clip, at], rtol=1e-5, atol=1e-6)
    planes = mixed.unflatten(2, (n_planes, bins))
    assert (planes == planes[:, :, :1]).all()
    constant = mixed[:, :, :1].expand_as(mixed) if of_time else mixed[:, :1].expand_as(mixed)
    assert torch.equal(mixed, constant)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_is_decided_by_its_seed_and_alpha_0_mixes_nothing(way):
    x = torch.randn(6, 5, 4, generator=torch.Generator().manual_seed(0))
    decibels = Decibels(torch.ones(4), torch.zeros(4), bands=True)
    about = {"way": way, "decibels": decibels}
    mixed, again, other = (mix(x, torch.eye(6), rng(s), 1.0, **about)[0] for s in (0, 0, 1))
    assert torch.equal(mixed, again)
    assert not torch.equal(mixed, other)
    assert mix(x, torch.eye(6), rng(0), 0.0, **about)[0] is x


def test_what_cannot_be_mixed_is_an_error():
    x, targets = torch.ones(2, 3, 4), torch.eye(2)
    with pytest.raises(ParameterError, match="mixup=-1 must be 0"):
        mix(x, targets, rng(0), -1)
    with pytest.raises(ParameterError, match="mixing='between' is not known"):
        mix(x, targets, rng(0), 1, way="between")
    cepstra = Decibels(torch.ones(4), torch.zeros(4), bands=False)
    with pytest.raises(ParameterError, match=r"adds the powers of bands in dB.*mixing: full"):
        mix(x, targets, rng(0), 1, way="between_class", decibels=cepstra)
