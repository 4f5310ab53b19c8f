import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from resound.errors import ParameterError
from resound.training.augment import add_gain, augment, mask_bins, mask_time, roll_time
from resound.training.mixing import Decibels

OFF = {
    "time_roll": 0.0,
    "time_stretch": 0.0,
    "crop": 0.0,
    "pitch": 0.0,
    "gain_db": 0.0,
    "time_masks": 0,
    "time_mask": 0.0,
    "bin_masks": 0,
    "bin_mask": 0.0,
    "mixup": 0.0,
    "mixing": "main",
}
ALL = {
    "time_roll": 1.0,
    "time_stretch": 0.25,
    "crop": 0.5,
    "pitch": 2.0,
    "gain_db": 6.0,
    "time_masks": 2,
    "time_mask": 0.3,
    "bin_masks": 2,
    "bin_mask": 0.3,
    "mixup": 0.4,
    "mixing": "between_class",
}
seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(st.integers(1, 6), st.integers(1, 12), st.integers(1, 5))


def batch(shape: tuple[int, int, int]) -> torch.Tensor:
    """Return values that are all different and none 0."""
    return torch.arange(1, 1 + int(np.prod(shape)), dtype=torch.float32).reshape(shape)


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(sizes, seeds)
def test_a_roll_is_numpy_s_of_each_clip_by_itself(shape, seed):
    x = batch(shape)
    rolled = roll_time(x, rng(seed), 1.0).numpy()
    for clip, moved in zip(x.numpy(), rolled, strict=True):
        assert any(np.array_equal(np.roll(clip, n, axis=0), moved) for n in range(len(clip)))


@given(seeds)
def test_a_roll_goes_no_further_than_its_share(seed):
    x = batch((5, 20, 1))
    first = roll_time(x, rng(seed), 0.1)[:, 0, 0] - x[:, 0, 0]
    assert {int(n) % 20 for n in first} <= {0, 1, 2, 18, 19}


@given(sizes, seeds, st.floats(0.1, 20))
def test_gain_adds_its_decibels_to_every_frame_alike(shape, seed, largest):
    x, step = batch(shape), torch.linspace(0.5, 2.0, shape[2])
    added = (add_gain(x, rng(seed), largest, step) - x) / step
    torch.testing.assert_close(added, added[:, :1, :1].expand(shape), rtol=1e-2, atol=1e-3)
    assert added.abs().max() <= largest * 1.01 + 1e-3


@given(sizes, seeds, st.integers(1, 3), st.floats(0, 1))
def test_time_masks_blank_whole_frames_and_no_more_than_asked(shape, seed, n_masks, share):
    x = batch(shape)
    masked = mask_time(x, rng(seed), n_masks, share)
    blank = (masked == 0).all(dim=2)
    torch.testing.assert_close(masked, x * ~blank[:, :, None])
    assert blank.sum(dim=1).max() <= n_masks * int(share * shape[1])
    for row in blank:
        runs = torch.diff(row.int(), prepend=torch.zeros(1, dtype=torch.int32)) == 1
        assert runs.sum() <= n_masks


@given(seeds, st.integers(1, 3), st.integers(1, 3))
def test_bin_masks_blank_the_same_bins_of_every_plane(seed, n_masks, n_planes):
    x = batch((4, 6, 10 * n_planes))
    masked = mask_bins(x, rng(seed), n_masks, 0.4, n_planes).unflatten(2, (n_planes, 10))
    blank = (masked == 0).all(dim=1)
    assert (blank == blank[:, :1]).all()
    assert blank.sum(dim=2).max() <= 4 * n_masks
    assert ((masked == 0) == blank[:, None]).all()


def test_masks_are_drawn():
    x = torch.ones(50, 30, 1)
    assert (mask_time(x, rng(0), 1, 0.5) == 0).sum() > 100


@given(sizes, seeds)
def test_a_seed_decides_all_and_off_is_off(shape, seed):
    x, targets = batch(shape), torch.eye(shape[0])
    decibels = Decibels(torch.ones(shape[2]), torch.zeros(shape[2]), bands=True)
    about = {"decibels": decibels, "frequencies": 100.0 * np.arange(1, 1 + shape[2])}
    once, twice = (augment(x, targets, rng(seed), options=ALL, **about) for _ in range(2))
    for a, b in zip(once, twice, strict=True):
        assert torch.equal(a, b)
    off = augment(x, targets, rng(seed), options=OFF, **about)
    for a, b in zip(off, (x, targets), strict=True):
        assert torch.equal(a, b)


def test_another_seed_varies_otherwise():
    x, targets = batch((4, 20, 8)), torch.eye(4)
    plain = ALL | {"pitch": 0.0, "mixing": "main"}
    a, b = (augment(x, targets, rng(seed), options=plain)[0] for seed in (0, 1))
    assert not torch.equal(a, b)


@pytest.mark.parametrize("function", [roll_time, mask_time, mask_bins])
def test_a_share_above_one_is_an_error(function):
    arguments = (1.5,) if function is roll_time else (1, 1.5)
    with pytest.raises(ParameterError, match=r"_\w+=1\.5 must be a share from 0 to 1"):
        function(batch((1, 2, 3)), rng(0), *arguments)
