r"""Mixtures of two clips and of their classes: of values, powers, or stretches of time or bins.

The ways that `mix` knows, each with the share :math:`b \sim \mathrm{Beta}(\alpha, \alpha)` of a
clip in its mixture with another of the batch:

========================= =========================================================================
``main``                  `mix_up` with the larger of b and 1 - b: each clip is the main part
``full``                  `mix_up` with b, from all of the other clip to nothing of it
``between_class``         `mix_powers`: the two sound together, as loud as each other
``time``, ``frequency``   `mix_stretches`: of 1 - b of the frames or bins the other is heard
========================= =========================================================================

A target is the shares of the two classes. Its cross-entropy is the Kullback-Leibler divergence from
it, but for the target's own entropy, which no weight changes.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from resound.errors import ParameterError, check_choice

WAYS = ("main", "full", "between_class", "time", "frequency")
# Of silence: 120 dB below full scale.
LEAST_POWER = 1e-12
Shares = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Decibels:
    """How standardised features are read as decibels of power: ``x / step + offset``.

    Attributes
    ----------
    step : Tensor, shape (dims,)
        What 1 dB adds to the features.
    offset : Tensor, shape (dims,)
        The decibels of a standardised 0.
    bands : bool
        Whether the dims are bands, whose powers add where two sound at once.
    """

    step: Tensor
    offset: Tensor
    bands: bool

    def to(self, device: torch.device) -> "Decibels":
        """Return the same on a device."""
        return replace(self, step=self.step.to(device), offset=self.offset.to(device))


def mix(
    x: Tensor,
    targets: Tensor,
    rng: np.random.Generator,
    alpha: float,
    *,
    way: str = "main",
    n_planes: int = 1,
    decibels: Decibels | None = None,
) -> tuple[Tensor, Tensor]:
    """Mix each clip with another of the batch, and their targets likewise.

    Parameters
    ----------
    x : Tensor, shape (batch, frames, dims)
        Clips.
    targets : Tensor, shape (batch, classes)
        Probabilities of their classes.
    rng : numpy.random.Generator
        Draws shares and partners.
    alpha : float
        Of the Beta distribution of the shares; 0 mixes nothing.
    way : {"main", "full", "between_class", "time", "frequency"}
        See the module.
    n_planes : int
        Planes side by side in the dims, which are mixed alike.
    decibels : Decibels, optional
        How `x` is read as decibels; without it, values are amplitudes (waveforms).

    Returns
    -------
    x : Tensor, shape (batch, frames, dims)
    targets : Tensor, shape (batch, classes)

    Raises
    ------
    ParameterError
        For a negative `alpha`, an unknown way, or the sum of what has no powers.
    """
    check_choice("mixing", way, WAYS)
    if alpha < 0:
        raise ParameterError(f"mixup={alpha!r} must be 0 (none) or the positive alpha of a Beta")
    if not alpha:
        return x, targets
    if way in ("main", "full"):
        return mix_up(x, targets, rng, alpha, main=way == "main")
    if way == "between_class":
        return mix_powers(x, targets, rng, alpha, decibels=decibels)
    return mix_stretches(x, targets, rng, alpha, of_time=way == "time", n_planes=n_planes)


def mix_up(
    x: Tensor, targets: Tensor, rng: np.random.Generator, alpha: float, *, main: bool = True
) -> tuple[Tensor, Tensor]:
    r"""Mix the values of each clip with those of another of the batch, and their targets likewise.

    .. math:: x_i' = \lambda_i x_i + (1 - \lambda_i) x_{\pi(i)}, \quad
              \lambda_i = \max(b, 1 - b), \; b \sim \mathrm{Beta}(\alpha, \alpha)

    with a random order :math:`\pi` of the batch. Taking the larger share keeps each clip the main
    part of its mixture; otherwise :math:`\lambda_i = b`.

    Parameters
    ----------
    x : Tensor, shape (batch, frames, dims)
        Clips.
    targets : Tensor, shape (batch, classes)
        Probabilities of their classes.
    rng : numpy.random.Generator
        Draws shares and partners.
    alpha : float
        Of the Beta distribution, more than 0.
    main : bool
        Whether the larger share is the clip's own.

    Returns
    -------
    x : Tensor, shape (batch, frames, dims)
    targets : Tensor, shape (batch, classes)

    References
    ----------
    H. Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018.

    Examples
    --------
    Two clips of one frame; the targets tell of what each mixture is made:

    >>> x, targets = torch.tensor([[[0.0]], [[100.0]]]), torch.eye(2)
    >>> mixed, shares = mix_up(x, targets, np.random.default_rng(3), 0.3)
    >>> mixed.flatten().round(), shares.round(decimals=2)
    (tensor([ 3., 74.]), tensor([[0.9700, 0.0300],
            [0.2600, 0.7400]]))
    """
    shares, others = _drawn(rng, alpha, len(x))
    share = _share(np.maximum(shares, 1 - shares) if main else shares, x)
    return torch.lerp(x[others], x, share[:, None]), _mixed_targets(targets, others, share)


def mix_powers(
    x: Tensor,
    targets: Tensor,
    rng: np.random.Generator,
    alpha: float,
    *,
    decibels: Decibels | None = None,
) -> tuple[Tensor, Tensor]:
    r"""Let each clip sound together with another of the batch, at levels that the ear would share.

    Waveforms are added with weights p and 1 - p, and divided so that the power stays,

    .. math:: x' = \frac{p x_1 + (1 - p) x_2}{\sqrt{p^2 + (1 - p)^2}}, \quad
              p = \left(1 + 10^{(G_1 - G_2) / 20} \, \frac{1 - r}{r}\right)^{-1}

    with their levels G in dB and :math:`r \sim \mathrm{Beta}(\alpha, \alpha)`, so that of the sum
    r is heard of the first and 1 - r of the second, which are the targets. Bands in decibels are
    those of the sum of two sounds whose phases have nothing to do with each other: powers are
    added, with the squares of the same weights. The level is that of the mean power.

    Parameters
    ----------
    x : Tensor, shape (batch, frames, dims)
        Waveforms (one dim), or standardised bands.
    targets : Tensor, shape (batch, classes)
        Probabilities of their classes.
    rng : numpy.random.Generator
        Draws shares and partners.
    alpha : float
        Of the Beta distribution, more than 0; 1 is the uniform one of the source.
    decibels : Decibels, optional
        How the bands are read; None for waveforms.

    Returns
    -------
    x : Tensor, shape (batch, frames, dims)
    targets : Tensor, shape (batch, classes)

    Raises
    ------
    ParameterError
        For features that are no bands in decibels.

    References
    ----------
    Y. Tokozume, Y. Ushiku, T. Harada, "Learning from between-class examples for deep sound
    recognition", ICLR 2018, equations 1 and 2 (there with the A-weighted level).

    Examples
    --------
    A constant and one a tenth as strong: that half of each is heard, the first is turned down.

    >>> x, targets = torch.tensor([[[1.0]], [[0.1]]]), torch.eye(2)
    >>> mixed, shares = mix_powers(x, targets, np.random.default_rng(3), 1e6)
    >>> mixed.flatten().round(decimals=2), shares.round(decimals=2)
    (tensor([0.2000, 0.2000]), tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]]))
    """
    if decibels is not None and not decibels.bands:
        raise ParameterError(
            "mixing='between_class' adds the powers of bands in dB, which this feature has not; "
            "choose the feature mel, or mixing: full"
        )
    shares, others = _drawn(rng, alpha, len(x))
    share = _share(shares, x)
    power = x.square() if decibels is None else 10 ** ((x / decibels.step + decibels.offset) / 10)
    amplitude = power.mean((1, 2)).clamp(min=LEAST_POWER).sqrt()
    own, other = share[:, 0] * amplitude[others], (1 - share[:, 0]) * amplitude
    p = (own / (own + other))[:, None, None]
    whole = p.square() + (1 - p).square()
    if decibels is None:
        mixed = (p * x + (1 - p) * x[others]) / whole.sqrt()
    else:
        summed = (p.square() * power + (1 - p).square() * power[others]) / whole
        mixed = (10 * summed.clamp(min=LEAST_POWER).log10() - decibels.offset) * decibels.step
    return mixed, _mixed_targets(targets, others, share)


def mix_stretches(
    x: Tensor,
    targets: Tensor,
    rng: np.random.Generator,
    alpha: float,
    *,
    of_time: bool,
    n_planes: int = 1,
) -> tuple[Tensor, Tensor]:
    """Put a stretch of another clip of the batch in the place of each clip's own.

    Parameters
    ----------
    x : Tensor, shape (batch, frames, dims)
        Clips.
    targets : Tensor, shape (batch, classes)
        Probabilities of their classes.
    rng : numpy.random.Generator
        Draws shares, partners and where the stretch begins; it may go on at the start.
    alpha : float
        Of the Beta distribution of the share that is the clip's own, more than 0.
    of_time : bool
        Whether it is a stretch of the frames; otherwise of the bins, the same in each plane.
    n_planes : int
        Planes side by side in the dims.

    Returns
    -------
    x : Tensor, shape (batch, frames, dims)
    targets : Tensor, shape (batch, classes)
        Of the shares as they are in whole frames or bins.

    References
    ----------
    S. Yun et al., "CutMix: regularization strategy to train strong classifiers with localizable
    features", ICCV 2019, along one axis.

    Examples
    --------
    >>> x, targets = torch.arange(2.0)[:, None, None].expand(2, 4, 1), torch.eye(2)
    >>> mixed, shares = mix_stretches(x, targets, np.random.default_rng(3), 1.0, of_time=True)
    >>> mixed[0].mean() == shares[0, 1], mixed[1].mean() == shares[1, 1]
    (tensor(True), tensor(True))
    """
    shares, others = _drawn(rng, alpha, len(x))
    length = x.shape[1] if of_time else x.shape[2] // n_planes
    kept = np.rint(shares * length).astype(np.int64)
    starts = rng.integers(0, length, size=kept.shape)
    own = torch.from_numpy((np.arange(length) - starts) % length < kept).to(x.device)
    own = own[:, :, None] if of_time else own.repeat(1, n_planes)[:, None, :]
    mixed = torch.where(own, x, x[others])
    return mixed, _mixed_targets(targets, others, _share(kept / length, x))


def _drawn(rng: np.random.Generator, alpha: float, batch: int) -> tuple[Shares, Tensor]:
    """Draw shares (batch, 1) and partners (batch,)."""
    shares = rng.beta(alpha, alpha, size=batch)[:, None]
    return shares, torch.from_numpy(rng.permutation(batch))


def _share(shares: Shares, like: Tensor) -> Tensor:
    return torch.from_numpy(shares).to(like.device, like.dtype)


def _mixed_targets(targets: Tensor, others: Tensor, share: Tensor) -> Tensor:
    return torch.lerp(targets[others], targets, share.to(targets.dtype))
