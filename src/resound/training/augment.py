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

from resound.training.mixing import Decibels, mix
from resound.training.warping import Float64, check_share, shift_pitch, stretch_time


def augment(
    x: Tensor,
    targets: Tensor,
    rng: np.random.Generator,
    *,
    options: Mapping[str, Any],
    n_planes: int = 1,
    decibels: Decibels | None = None,
    frequencies: Float64 | None = None,
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
        ``time_roll`` (largest shift, as a share of the clip), ``time_stretch`` and ``crop`` (see
        `resound.training.warping.stretch_time`), ``pitch`` (largest shift in semitones),
        ``gain_db`` (largest gain or loss in dB), ``time_masks``, ``time_mask`` (how many, and the
        largest as a share of the clip), ``bin_masks``, ``bin_mask`` (the same along the dims of a
        plane), ``mixup`` (alpha of the Beta distribution). 0 turns one off. ``mixing`` is the way
        that clips are mixed in, see `resound.training.mixing`.
    n_planes : int
        Planes side by side in the dims; a mask covers the same bins in each.
    decibels : Decibels, optional
        How the features are read as decibels; without it there is no gain.
    frequencies : ndarray, shape (bins,), optional
        Of the bins of a plane, in Hz; without them pitch cannot be shifted.

    Returns
    -------
    x : Tensor, shape (batch, frames, dims)
        With ``crop``, of so many frames.
    targets : Tensor, shape (batch, classes)
        Of mixed clips the shares of both classes.

    Raises
    ------
    ParameterError
        For a share outside [0, 1], a negative alpha, or what this feature cannot be varied by.
    """
    if options["time_stretch"] or options["crop"]:
        speed = {"stretch": options["time_stretch"], "crop": options["crop"]}
        x = stretch_time(x, rng, roll=options["time_roll"], **speed)
    else:
        x = roll_time(x, rng, options["time_roll"])
    x = shift_pitch(x, rng, options["pitch"], frequencies, n_planes)
    if decibels is not None:
        x = add_gain(x, rng, options["gain_db"], decibels.step)
    x = mask_time(x, rng, options["time_masks"], options["time_mask"])
    x = mask_bins(x, rng, options["bin_masks"], options["bin_mask"], n_planes)
    mixing: dict[str, Any] = {"way": options["mixing"], "n_planes": n_planes, "decibels": decibels}
    return mix(x, targets, rng, options["mixup"], **mixing)


def augment_waveforms(
    x: Tensor, targets: Tensor, rng: np.random.Generator, *, options: Mapping[str, Any]
) -> tuple[Tensor, Tensor]:
    """Return a varied batch of waveforms and its targets.

    Parameters
    ----------
    x : Tensor, shape (batch, samples)
        Waveforms, usually in [-1, 1]; a gain may take them beyond.
    targets : Tensor, shape (batch, classes)
        Probabilities of the classes, each row summing to 1.
    rng : numpy.random.Generator
        Source of all draws.
    options : mapping
        ``time_roll``, ``gain_db``, ``time_masks``, ``time_mask``, ``mixup`` and ``mixing`` of
        `augment`, with samples for frames; a masked stretch is silent.

    Returns
    -------
    x : Tensor, shape (batch, samples)
    targets : Tensor, shape (batch, classes)

    Raises
    ------
    ParameterError
        For a share outside [0, 1], or a negative alpha.
    """
    frames = roll_time(x[:, :, None], rng, options["time_roll"])
    if options["gain_db"]:
        gains = rng.uniform(-options["gain_db"], options["gain_db"], size=(len(x), 1, 1))
        frames = frames * _tensor(10 ** (gains / 20), x).to(x.dtype)
    frames = mask_time(frames, rng, options["time_masks"], options["time_mask"])
    mixed, targets = mix(frames, targets, rng, options["mixup"], way=options["mixing"])
    return mixed[:, :, 0], targets


def roll_time(x: Tensor, rng: np.random.Generator, share: float) -> Tensor:
    r"""Move each clip along time by up to `share` of its frames, its end coming in at its start.

    .. math:: x_i'[t] = x_i[(t - s_i) \bmod T], \quad |s_i| \le \lfloor share \cdot T \rfloor

    Parameters
    ----------
    x : Tensor, shape (batch, frames, dims)
        Clips of T frames.
    rng : numpy.random.Generator
        Draws a shift for each clip, all equally likely.
    share : float
        Of the frames, the largest shift; 0 moves nothing.

    Returns
    -------
    Tensor, shape (batch, frames, dims)

    Raises
    ------
    ParameterError
        For a `share` outside [0, 1].

    Examples
    --------
    >>> x = torch.arange(5.0).reshape(1, 5, 1)
    >>> roll_time(x, np.random.default_rng(0), 0.4).flatten()
    tensor([3., 4., 0., 1., 2.])
    """
    check_share("time_roll", share)
    batch, frames, _ = x.shape
    largest = int(share * frames)
    if not largest:
        return x
    shifts = _tensor(rng.integers(-largest, largest, size=(batch, 1), endpoint=True), x)
    positions = (torch.arange(frames, device=x.device) - shifts) % frames
    return x[torch.arange(batch, device=x.device)[:, None], positions]


def add_gain(x: Tensor, rng: np.random.Generator, gain_db: float, decibel: Tensor) -> Tensor:
    r"""Make each clip louder or softer by up to `gain_db` dB.

    .. math:: x_i' = x_i + g_i d, \quad g_i \sim \mathrm{U}(-gain, gain)

    with the change d that 1 dB makes.

    Parameters
    ----------
    x : Tensor, shape (batch, frames, dims)
        Standardised features.
    rng : numpy.random.Generator
        Draws the gain of each clip, uniform in dB.
    gain_db : float
        Largest gain or loss in dB; 0 changes nothing.
    decibel : Tensor, shape (dims,)
        What 1 dB adds to each dim, as `resound.training.inputs.decibel_step` measures it.

    Returns
    -------
    Tensor, shape (batch, frames, dims)
    """
    if not gain_db:
        return x
    gains = _tensor(rng.uniform(-gain_db, gain_db, size=(len(x), 1, 1)), x).to(x.dtype)
    return x + gains * decibel


def mask_time(x: Tensor, rng: np.random.Generator, n_masks: int, share: float) -> Tensor:
    """Set stretches of time to 0, the mean of what is standardised.

    Parameters
    ----------
    x : Tensor, shape (batch, frames, dims)
        Standardised features, or waveforms of one dim.
    rng : numpy.random.Generator
        Draws width and start of each mask.
    n_masks : int
        Masks a clip, which may overlap.
    share : float
        Of the frames, the most that one mask covers; it may cover none.

    Returns
    -------
    Tensor, shape (batch, frames, dims)

    Raises
    ------
    ParameterError
        For a `share` outside [0, 1].

    References
    ----------
    D. S. Park et al., "SpecAugment: a simple data augmentation method for automatic speech
    recognition", Interspeech 2019.
    """
    check_share("time_mask", share)
    masked = _masks(rng, len(x), x.shape[1], n_masks, share)
    return x if masked is None else x.masked_fill(_tensor(masked, x)[:, :, None], 0.0)


def mask_bins(
    x: Tensor, rng: np.random.Generator, n_masks: int, share: float, n_planes: int = 1
) -> Tensor:
    """Set stretches of neighbouring bins to 0 for the whole clip, the same in each plane.

    Parameters
    ----------
    x : Tensor, shape (batch, frames, dims)
        Standardised features.
    rng : numpy.random.Generator
        Draws width and start of each mask.
    n_masks : int
        Masks a clip, which may overlap.
    share : float
        Of the bins of a plane, the most that one mask covers; it may cover none.
    n_planes : int
        Planes side by side in the dims.

    Returns
    -------
    Tensor, shape (batch, frames, dims)

    Raises
    ------
    ParameterError
        For a `share` outside [0, 1].

    References
    ----------
    As `mask_time`.
    """
    check_share("bin_mask", share)
    masked = _masks(rng, len(x), x.shape[2] // n_planes, n_masks, share)
    if masked is None:
        return x
    return x.masked_fill(_tensor(np.tile(masked, n_planes), x)[:, None, :], 0.0)


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


def _tensor(values: npt.NDArray[np.generic], like: Tensor) -> Tensor:
    return torch.from_numpy(values).to(like.device)
