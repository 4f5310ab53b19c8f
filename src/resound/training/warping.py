"""Stretches of a batch of features: of time, by reading frames faster or slower, and of pitch.

A feature has one vector a frame, so its frames at another speed are a stretch of time at the same
pitch, without a vocoder's artefacts; its bins at other frequencies are a shift of pitch. Both
interpolate between two neighbours, on the whole batch at once.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from resound.dsp.filterbanks import hz_to_mel, mel_to_hz
from resound.errors import ParameterError
from resound.features.extraction import options_of
from resound.training.inputs import pool_bins

Float64 = npt.NDArray[np.float64]
# Features whose dims are the bins of a spectrum, with the scale on which these are evenly spaced.
SPECTRA = {
    "mel": "mel",
    "mel_looped": "mel",
    "mel_power": "mel",
    "mel_derivatives": "mel",
    "pcen": "mel",
    "stft": "hz",
    "stft_derivatives": "hz",
}
SEMITONES = 12


def stretch_time(
    x: Tensor, rng: np.random.Generator, *, roll: float, stretch: float, crop: float
) -> Tensor:
    r"""Read a part of each clip from another beginning and at another speed, round its end.

    .. math:: x_i'[t] = x_i[(s_i + r_i t) \bmod T], \quad t = 0, \dots, L - 1, \quad
              r_i = (1 + stretch)^{u_i}, \; u_i \sim \mathrm{U}(-1, 1)

    with :math:`s_i \sim \mathrm{U}(-roll, roll) \, T`, linearly between frames.

    Parameters
    ----------
    x : Tensor, shape (batch, frames, dims)
        Clips of T frames.
    rng : numpy.random.Generator
        Draws beginning and speed of each clip.
    roll : float
        The furthest beginning from the clip's own, as a share of its frames, 0 to 1.
    stretch : float
        .25 for speeds from 1 / 1.25 to 1.25; 0 leaves the speed.
    crop : float
        L as a share of the frames, 0 to 1; 0 is all of them.

    Returns
    -------
    Tensor, shape (batch, L, dims)

    Raises
    ------
    ParameterError
        For a share outside [0, 1] or a negative `stretch`.

    Examples
    --------
    >>> x = torch.arange(8.0).reshape(1, 8, 1)
    >>> stretch_time(x, np.random.default_rng(0), roll=0, stretch=0, crop=0.5).flatten()
    tensor([0., 1., 2., 3.])
    """
    if stretch < 0:
        raise ParameterError(f"time_stretch={stretch!r} must be 0 (none) or more")
    batch, frames, _ = x.shape
    length = max(1, round(check_share("crop", crop) * frames)) if crop else frames
    largest = check_share("time_roll", roll) * frames
    starts = rng.uniform(-largest, largest, size=(batch, 1))
    speeds = (1 + stretch) ** rng.uniform(-1, 1, size=(batch, 1))
    positions = (starts + speeds * np.arange(length)) % frames
    # A remainder just below 0 may round to `frames` itself.
    below = np.floor(positions).astype(np.int64) % frames
    between = torch.from_numpy(positions - np.floor(positions)).to(x.device, x.dtype)[:, :, None]
    clips = torch.arange(batch, device=x.device)[:, None]
    after = torch.from_numpy((below + 1) % frames).to(x.device)
    return torch.lerp(x[clips, torch.from_numpy(below).to(x.device)], x[clips, after], between)


def shift_pitch(
    x: Tensor,
    rng: np.random.Generator,
    semitones: float,
    frequencies: Float64 | None,
    n_planes: int = 1,
) -> Tensor:
    r"""Shift the pitch of each clip by up to some semitones.

    .. math:: x_i'(f) = x_i(f \, 2^{-u_i / 12}), \quad u_i \sim \mathrm{U}(-semitones, semitones)

    linearly between bins; beyond the first and the last bin, as these.

    Parameters
    ----------
    x : Tensor, shape (batch, frames, dims)
        Clips.
    rng : numpy.random.Generator
        Draws the shift of each clip.
    semitones : float
        Largest shift, at least 0; 0 changes nothing.
    frequencies : ndarray, shape (bins,), or None
        Of the bins in Hz, rising; None where the dims are none.
    n_planes : int
        Planes of so many bins side by side in the dims, shifted alike.

    Returns
    -------
    Tensor, shape (batch, frames, dims)

    Raises
    ------
    ParameterError
        For a shift of what has no frequencies.

    Examples
    --------
    A tone of 200 Hz, raised by less than an octave, lies between the bins of 200 and 400 Hz:

    >>> x = torch.tensor([[[0.0, 1.0, 0.0, 0.0]]])
    >>> octaves = 100.0 * 2 ** np.arange(4)
    >>> shift_pitch(x, np.random.default_rng(5), 12, octaves).round(decimals=1)
    tensor([[[0.0000, 0.3000, 0.7000, 0.0000]]])
    """
    if not semitones:
        return x
    if frequencies is None:
        raise ParameterError(
            f"pitch={semitones!r} semitones: this feature has no bins of a spectrum to shift; set "
            f"pitch: 0, or choose one of {', '.join(SPECTRA)}"
        )
    ratios = 2 ** (rng.uniform(-semitones, semitones, size=(len(x), 1)) / SEMITONES)
    n_bins = len(frequencies)
    positions = np.interp(frequencies / ratios, frequencies, np.arange(n_bins))
    below = np.minimum(positions.astype(np.int64), max(0, n_bins - 2))
    between = torch.from_numpy(positions - below).to(x.device, x.dtype)[:, None, None]
    planes = x.reshape(*x.shape[:2], n_planes, n_bins)
    index = torch.from_numpy(below).to(x.device)[:, None, None].expand(planes.shape)
    after = (index + 1).clamp(max=n_bins - 1)
    shifted = torch.lerp(planes.gather(3, index), planes.gather(3, after), between)
    return shifted.flatten(2)


def bin_frequencies(bank_spec: Mapping[str, Any], max_bins: int) -> Float64 | None:
    """Return the frequencies in Hz of the bins that a network reads of a feature.

    Parameters
    ----------
    bank_spec : mapping
        ``feature, stft, options`` of the bank.
    max_bins : int
        Bins of a plane at most, as `resound.training.inputs.compress` averages them.

    Returns
    -------
    ndarray of float64, shape (bins,), or None
        Centres of the filters, or of the spectrum's bins; None of what is no spectrum over time.

    Examples
    --------
    >>> stft = {"sample_rate": 16000, "n_fft": 8, "hop_length": 4}
    >>> bin_frequencies({"feature": "stft", "stft": stft, "options": {}}, 128)
    array([   0., 2000., 4000., 6000., 8000.])
    """
    feature, stft = bank_spec["feature"], bank_spec["stft"]
    if feature not in SPECTRA:
        return None
    nyquist = stft["sample_rate"] / 2
    if SPECTRA[feature] == "hz":
        return pool_bins(np.linspace(0, nyquist, stft["n_fft"] // 2 + 1), max_bins)
    options = {**options_of(feature), **bank_spec["options"]}
    low, high = options["fmin"], options["fmax"] or nyquist
    first, last = hz_to_mel(np.array([low, high]), htk=options["htk"])
    mels = np.linspace(first, last, options["n_mels"] + 2)[1:-1]
    return pool_bins(np.asarray(mel_to_hz(mels, htk=options["htk"]), np.float64), max_bins)


def check_share(name: str, share: float) -> float:
    """Return a share, or raise ParameterError for one outside [0, 1]."""
    if not 0 <= share <= 1:
        raise ParameterError(f"{name}={share!r} must be a share from 0 to 1")
    return share
