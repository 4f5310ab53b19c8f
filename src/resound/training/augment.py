"""Variations of a batch of clips that leave their classes as they are, and mixtures that do not.

All work on a whole batch of standardised features (batch, frames, dims) at once, on the device
where it is. The few random numbers of each come from a numpy Generator, so that a seed means the
same on a CPU and on a GPU.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from resound.errors import ParameterError


def augment(
    x: Tensor,
    targets: Tensor,
    rng: np.random.Generator,
    *,
    options: Mapping[str, Any],
    n_planes: int = 1,
    decibel: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return a varied batch and its targets.

    Parameters
    ----------
    x : Tensor, shape (batch, frames, dims)
        Standardised features.
    targets : Tensor, shape (batch, classes)
        Probabilities of the classes, each row summing to 1.
    rng : numpy.random.Generator
        Source of all draws.
    options : mapping
        ``time_roll`` (largest shift, as a share of the clip), ``gain_db`` (largest gain or loss),
        ``time_masks``, ``time_mask`` (how many, and the largest as a share of the clip),
        ``bin_masks``, ``bin_mask`` (the same along the dims of a plane), ``mixup`` (alpha of the
        Beta distribution). 0 turns one off.
    n_planes : int
        Planes side by side in the dims; a mask covers the same bins in each.
    decibel : Tensor, shape (dims,), optional
        What 1 dB of gain adds to the standardised features; without it there is no gain.

    Returns
    -------
    x, targets : Tensor
        Of the shapes given.
    """
    x = roll_time(x, rng, options["time_roll"])
    if decibel is not None:
        x = add_gain(x, rng, options["gain_db"], decibel)
    x = mask_time(x, rng, options["time_masks"], options["time_mask"])
    x = mask_bins(x, rng, options["bin_masks"], options["bin_mask"], n_planes)
    return mix_up(x, targets, rng, options["mixup"])


def augment_waveforms(
    x: Tensor, targets: Tensor, rng: np.random.Generator, *, options: Mapping[str, Any]
) -> tuple[Tensor, Tensor]:
    """Return a varied batch of waveforms and its targets.

    Parameters
    ----------
    x : Tensor, shape (batch, samples)
        Waveforms.
    targets : Tensor, shape (batch, classes)
        Probabilities of the classes.
    rng : numpy.random.Generator
        Source of all draws.
    options : mapping
        ``time_roll``, ``gain_db``, ``time_masks``, ``time_mask`` and ``mixup`` of `augment`; a
        masked stretch is silent.

    Returns
    -------
    x, targets : Tensor
        Of the shapes given.
    """
    frames = roll_time(x[:, :, None], rng, options["time_roll"])
    if options["gain_db"]:
        gains = rng.uniform(-options["gain_db"], options["gain_db"], size=(len(x), 1, 1))
        frames = frames * _tensor(10 ** (gains / 20), x).to(x.dtype)
    frames = mask_time(frames, rng, options["time_masks"], options["time_mask"])
    mixed, targets = mix_up(frames, targets, rng, options["mixup"])
    return mixed[:, :, 0], targets


def roll_time(x: Tensor, rng: np.random.Generator, share: float) -> Tensor:
    """Move each clip along time by up to `share` of its frames, its end coming in at its start."""
    _check_share("time_roll", share)
    batch, frames, _ = x.shape
    largest = int(share * frames)
    if not largest:
        return x
    shifts = _tensor(rng.integers(-largest, largest, size=(batch, 1), endpoint=True), x)
    positions = (torch.arange(frames, device=x.device) - shifts) % frames
    return x[torch.arange(batch, device=x.device)[:, None], positions]


def add_gain(x: Tensor, rng: np.random.Generator, gain_db: float, decibel: Tensor) -> Tensor:
    """Make each clip louder or softer by up to `gain_db` dB."""
    if not gain_db:
        return x
    gains = _tensor(rng.uniform(-gain_db, gain_db, size=(len(x), 1, 1)), x).to(x.dtype)
    return x + gains * decibel


def mask_time(x: Tensor, rng: np.random.Generator, n_masks: int, share: float) -> Tensor:
    """Set stretches of time to 0, the mean of what is standardised.

    A mask has between 0 and `share` of the frames (Park et al., "SpecAugment", Interspeech 2019).
    """
    _check_share("time_mask", share)
    masked = _masks(rng, len(x), x.shape[1], n_masks, share)
    return x if masked is None else x.masked_fill(_tensor(masked, x)[:, :, None], 0.0)


def mask_bins(
    x: Tensor, rng: np.random.Generator, n_masks: int, share: float, n_planes: int = 1
) -> Tensor:
    """Set stretches of neighbouring bins to 0 for the whole clip, the same in each plane."""
    _check_share("bin_mask", share)
    masked = _masks(rng, len(x), x.shape[2] // n_planes, n_masks, share)
    if masked is None:
        return x
    return x.masked_fill(_tensor(np.tile(masked, n_planes), x)[:, None, :], 0.0)


def mix_up(
    x: Tensor, targets: Tensor, rng: np.random.Generator, alpha: float
) -> tuple[Tensor, Tensor]:
    r"""Mix each clip with another of the batch, and their targets likewise.

    .. math:: x_i' = \lambda_i x_i + (1 - \lambda_i) x_{\pi(i)}, \quad
              \lambda_i = \max(b, 1 - b), \; b \sim \mathrm{Beta}(\alpha, \alpha)

    (Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018). Taking the larger share
    keeps each clip the main part of its mixture.
    """
    if alpha < 0:
        raise ParameterError(f"mixup={alpha!r} must be 0 (none) or the positive alpha of a Beta")
    if not alpha:
        return x, targets
    shares = rng.beta(alpha, alpha, size=len(x))
    others = _tensor(rng.permutation(len(x)), x)
    share = _tensor(np.maximum(shares, 1 - shares), x).to(x.dtype)
    mixed = torch.lerp(x[others], x, share[:, None, None])
    return mixed, torch.lerp(targets[others], targets, share[:, None].to(targets.dtype))


def _masks(
    rng: np.random.Generator, batch: int, length: int, n_masks: int, share: float
) -> npt.NDArray[np.bool_] | None:
    """Return which of `length` positions the masks of each clip cover, or None for no masks."""
    largest = int(share * length)
    if not n_masks or not largest:
        return None
    widths = rng.integers(0, largest, size=(batch, n_masks, 1), endpoint=True)
    starts = rng.integers(0, length - widths, endpoint=True)
    positions = np.arange(length)
    covered = (positions >= starts) & (positions < starts + widths)
    return np.asarray(covered.any(axis=1))


def _check_share(name: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise ParameterError(f"{name}={share!r} must be a share from 0 to 1")


def _tensor(values: npt.NDArray[np.generic], like: Tensor) -> Tensor:
    return torch.from_numpy(values).to(like.device)
