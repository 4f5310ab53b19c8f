"""Inputs of networks, made of the bank of a feature: fewer bins, a logarithm, unit variance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from resound.errors import TrainingError, check_choice, check_positive_int
from resound.features.extraction import extract_batch

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

# Below its floor a magnitude counts as silence: the compression is linear there. Full scale has
# magnitudes of about n_fft / 4, so 0.01 lies some 95 dB below it.
FLOORS = {"decibel": None, "magnitude": 1e-2, "power": 1e-4}
CLIPS_A_BLOCK = 16
# A dim that varies less, in dB or in units of the logarithm, counts as constant.
LEAST_STD = 1e-5


@dataclass(frozen=True)
class InputTransform:
    r"""Pool the bins, compress and standardise, by statistics of the training clips.

    The bins of each plane are averaged in groups until at most `max_bins` are left. What is a
    magnitude or a power goes through the symmetric logarithm

    .. math:: c(v) = \mathrm{sign}(v) \, \log(1 + |v| / \mathrm{floor})

    (derivatives have both signs); decibels and cepstra stay. Each dim is then shifted and scaled
    to mean 0 and variance 1 over all frames of the training clips.

    Attributes
    ----------
    n_planes : int
        Planes side by side in the dims: 3 for a feature with its two derivatives.
    scale : {"decibel", "magnitude", "power"}
        What the values are.
    max_bins : int
        Bins of a plane at most.
    mean, std : ndarray, shape (dims,)
        Of the pooled and compressed dims, in float64; a dim that is all but constant has
        ``std`` 1.
    """

    n_planes: int
    scale: str
    max_bins: int
    mean: Float64
    std: Float64

    def __call__(self, values: npt.ArrayLike) -> Float32:
        """Return features as networks read them.

        Parameters
        ----------
        values : array_like, shape (..., frames, raw_dims)
            A feature, in the unit of `scale`.

        Returns
        -------
        ndarray, shape (..., frames, dims)
            In standard deviations of each dim, in float32.
        """
        compressed = compress(values, self.n_planes, self.scale, self.max_bins)
        standardised: Float32 = ((compressed - self.mean) / self.std).astype(np.float32)
        return standardised

    def of_bank(self, bank: npt.NDArray[Any], clips: Sequence[str]) -> Float32:
        """Return all clips of a bank, read block by block.

        Parameters
        ----------
        bank : ndarray, shape (clips, frames, raw_dims)
            May be a memory map.
        clips : sequence of str
            Their ids.

        Returns
        -------
        ndarray, shape (clips, frames, dims)
            In standard deviations of each dim, in float32.

        Raises
        ------
        TrainingError
            Names the first clip with a value that is not finite.
        """
        ready = np.empty((*bank.shape[:2], len(self.mean)), np.float32)
        for start in range(0, len(bank), CLIPS_A_BLOCK):
            block = slice(start, start + CLIPS_A_BLOCK)
            ready[block] = self(_finite(bank[block], clips[block]))
        return ready

    def as_dict(self) -> dict[str, Any]:
        """Return plain built-ins from which `from_dict` makes an equal transform."""
        return {
            "n_planes": self.n_planes,
            "scale": self.scale,
            "max_bins": self.max_bins,
            "mean": self.mean.tolist(),
            "std": self.std.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "InputTransform":
        """Return the transform that `as_dict` described."""
        arrays = {name: np.asarray(stored[name], np.float64) for name in ("mean", "std")}
        return cls(stored["n_planes"], stored["scale"], stored["max_bins"], **arrays)


def fit_transform(
    bank: npt.NDArray[Any],
    clips: Sequence[str],
    rows: Sequence[int],
    *,
    n_planes: int,
    scale: str,
    max_bins: int,
) -> InputTransform:
    """Measure mean and variance of the training clips in one pass, in float64.

    Parameters
    ----------
    bank : ndarray, shape (clips, frames, raw_dims)
        A feature of all clips; may be a memory map.
    clips : sequence of str
        Their ids.
    rows : sequence of int
        The training clips' positions.
    n_planes, scale, max_bins
        As `InputTransform`.

    Raises
    ------
    TrainingError
        Names the first training clip with a value that is not finite.

    References
    ----------
    T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance", The
    American Statistician 37(3), 1983.

    Examples
    --------
    >>> bank = np.random.default_rng(0).normal(-50, 5, (4, 100, 8))  # dB
    >>> as_read = fit_transform(bank, list("abcd"), [0, 1], n_planes=1, scale="decibel", max_bins=4)
    >>> x = as_read(bank[:2])
    >>> x.shape, round(float(x.std()), 3)
    ((2, 100, 4), 1.0)
    """
    count, mean, squares = 0, np.zeros(1), np.zeros(1)
    for start in range(0, len(rows), CLIPS_A_BLOCK):
        block = list(rows[start : start + CLIPS_A_BLOCK])
        values = _finite(bank[block], [clips[row] for row in block])
        frames = np.concatenate(list(compress(values, n_planes, scale, max_bins)))
        # Chan, Golub and LeVeque's update: no difference of two large sums.
        own, n = frames.mean(axis=0), len(frames)
        shift = own - mean
        squares = squares + ((frames - own) ** 2).sum(axis=0) + shift**2 * count * n / (count + n)
        mean, count = mean + shift * n / (count + n), count + n
    std = np.sqrt(squares / count)
    return InputTransform(n_planes, scale, max_bins, mean, np.where(std > LEAST_STD, std, 1.0))


def compress(values: npt.ArrayLike, n_planes: int, scale: str, max_bins: int) -> Float64:
    """Pool the bins of each plane and compress what is not in decibels; see `InputTransform`.

    Parameters
    ----------
    values : array_like, shape (..., n_planes * n_bins)
        A feature, in the unit of `scale`.
    n_planes, scale, max_bins
        As `InputTransform`.

    Returns
    -------
    ndarray of float64, shape (..., n_planes * pooled_bins)
        dB, or the symmetric logarithm, without a unit.

    Raises
    ------
    ParameterError
        For an unknown scale, or no bins.

    Examples
    --------
    A magnitude at the floor, 0.01, becomes log 2:

    >>> compress([[-0.01, 0.0, 0.01]], n_planes=1, scale="magnitude", max_bins=3).round(3)
    array([[-0.693,  0.   ,  0.693]])
    """
    floor = FLOORS[check_choice("scale", scale, FLOORS)]
    raw = np.asarray(values, np.float64)
    pooled = pool_bins(raw.reshape(*raw.shape[:-1], n_planes, -1), max_bins)
    flat = pooled.reshape(*raw.shape[:-1], -1)
    if floor is None:
        return flat
    compressed: Float64 = np.copysign(np.log1p(np.abs(flat) / floor), flat)
    return compressed


def pool_bins(values: Float64, max_bins: int) -> Float64:
    """Average neighbouring bins in groups of nearly equal size.

    Parameters
    ----------
    values : ndarray, shape (..., bins)
        Of any unit.
    max_bins : int
        Bins that are left, where there are more.

    Returns
    -------
    ndarray, shape (..., pooled_bins)
        In the unit of `values`.

    Raises
    ------
    ParameterError
        When `max_bins` is not a positive integer.

    Examples
    --------
    >>> pool_bins(np.arange(5.0), 2)
    array([0.5, 3. ])
    """
    n_bins = values.shape[-1]
    if n_bins <= check_positive_int("max_bins", max_bins, "bins"):
        return values
    edges = np.arange(max_bins + 1) * n_bins // max_bins
    means: Float64 = np.add.reduceat(values, edges[:-1], axis=-1) / np.diff(edges)
    return means


def decibel_step(transform: InputTransform, bank_spec: Mapping[str, Any]) -> Float32:
    """Return what 1 dB of gain adds to the standardised features.

    Measured on noise: features that are linear in the spectrum's decibels, cepstra among them, all
    change by the same vector; compressed magnitudes do so above their floor.

    Parameters
    ----------
    transform : InputTransform
        Standardises the features.
    bank_spec : mapping
        ``feature, stft, options`` of the bank.

    Returns
    -------
    ndarray of float32, shape (dims,)
        Standard deviations per dB.
    """
    settings = {**bank_spec["stft"], **bank_spec["options"]}
    samples = 32 * bank_spec["stft"]["n_fft"]
    noise = np.random.default_rng(0).standard_normal((1, samples))
    louder = np.concatenate([noise, noise * 10 ** (1 / 20)])
    soft, loud = transform(extract_batch(bank_spec["feature"], louder, **settings))
    step: Float32 = (loud - soft).mean(axis=0)
    return step


def _finite(values: npt.NDArray[Any], clips: Sequence[str]) -> npt.NDArray[Any]:
    finite = np.isfinite(values).all(axis=(1, 2))
    if not finite.all():
        clip = clips[int(np.flatnonzero(~finite)[0])]
        raise TrainingError(
            f"clip {clip}: its features hold NaN or infinite values; mend the feature or leave "
            "the clip out"
        )
    return values
