"""Kaldi's log-mel frames, for a batch of clips at once."""

import functools
import math

import torch
from torch import Tensor

SAMPLE_RATE = 16000
FRAME_LENGTH = 400
HOP_LENGTH = 160
N_FFT = 512
LOWEST_HZ = 20.0
PRE_EMPHASIS = 0.97
# The spacing of 32-bit floats at 1: Kaldi raises energies to it before the logarithm.
FLOOR = 1.1920928955078125e-07
# Exponent of the symmetric Hann window.
WINDOWS = {"povey": 0.85, "hann": 1.0}


def fbank(waveforms: Tensor, *, n_mels: int = 128, window: str = "povey") -> Tensor:
    r"""Return Kaldi's ``fbank`` of waveforms at 16 kHz, without dither.

    Frames are 400 samples long and 160 apart, as many as fit whole: ``1 + (samples - 400) // 160``.
    Each loses its mean, is pre-emphasised, :math:`x_i - 0.97 x_{i-1}` (the first sample with
    itself), and windowed. The power of its Fourier transform of 512 points is summed in `n_mels`
    triangles, whose sides are straight on the scale :math:`1127 \ln(1 + f / 700)` from 20 Hz to
    8000 Hz. The result is the natural logarithm of that sum, or of 1.19e-7 where it is less.

    Parameters
    ----------
    waveforms : Tensor, shape (..., samples)
        At least 400 samples, in the scale wanted: Kaldi reads 16-bit integers.
    n_mels : int
        Triangles.
    window : str
        ``povey``, the symmetric Hann window to the power of 0.85, or ``hann``.

    Returns
    -------
    Tensor, shape (..., n_frames, n_mels)
        Natural logarithm of power, in the dtype of `waveforms`; 64-bit for a test, 32-bit for work.

    Examples
    --------
    A second of silence:

    >>> frames = fbank(torch.zeros(16_000))
    >>> frames.shape, round(float(frames.max()), 2)
    (torch.Size([98, 128]), -15.94)
    """
    # Half precision would lose what the logarithm is about to show.
    with torch.autocast(waveforms.device.type, enabled=False):
        frames = waveforms.unfold(-1, FRAME_LENGTH, HOP_LENGTH)
        frames = frames - frames.mean(-1, keepdim=True)
        previous = torch.cat([frames[..., :1], frames[..., :-1]], dim=-1)
        frames = (frames - PRE_EMPHASIS * previous) * _window(window).to(frames)
        spectrum = torch.view_as_real(torch.fft.rfft(frames, N_FFT))
        power = spectrum.square().sum(-1)
        bands = triangles(
            n_mels, n_fft=N_FFT, sample_rate=SAMPLE_RATE, low=LOWEST_HZ, high=SAMPLE_RATE / 2
        )
        return (power @ bands.to(frames)).clamp_min(FLOOR).log()


@functools.cache
def _window(name: str) -> Tensor:
    hann = torch.hann_window(FRAME_LENGTH, periodic=False, dtype=torch.float64)
    return hann ** WINDOWS[name]


@functools.cache
def triangles(n_mels: int, *, n_fft: int, sample_rate: int, low: float, high: float) -> Tensor:
    r"""Return the weights of triangles whose sides are straight on Kaldi's mel scale.

    They stand evenly on :math:`1127 \ln(1 + f / 700)`; each ends where its neighbours peak.

    Parameters
    ----------
    n_mels : int
        Triangles.
    n_fft : int
        Points of the Fourier transform.
    sample_rate : int
        Of the waveforms, Hz.
    low, high : float
        Where the first triangle begins and the last one ends, Hz.

    Returns
    -------
    Tensor, shape (1 + n_fft // 2, n_mels)
        From 0 to 1, 64-bit.
    """
    edges = torch.linspace(_mel(low), _mel(high), n_mels + 2, dtype=torch.float64)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    bins = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * (sample_rate / n_fft)
    mel = (1127.0 * torch.log1p(bins / 700.0))[:, None]
    rising, falling = (mel - left) / (centre - left), (right - mel) / (right - centre)
    return torch.minimum(rising, falling).clamp_min(0.0)


def _mel(hertz: float) -> float:
    return 1127.0 * math.log1p(hertz / 700.0)
