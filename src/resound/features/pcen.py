"""Per-channel energy normalisation (PCEN): each mel band against its own recent loudness."""

from typing import Any

import numpy as np
from scipy.signal import lfilter

from resound.dsp.arrays import FloatArray
from resound.errors import ParameterError
from resound.features.mel import mel_power
from resound.registry import FEATURES

# The reference implementations read samples as 32-bit integers; gain and eps are meant for those.
FULL_SCALE = 2.0**31


@FEATURES.register("pcen", extends="mel_power")
def pcen(
    waveforms: FloatArray,
    *,
    sample_rate: int,
    hop_length: int,
    gain: float = 0.98,
    bias: float = 2.0,
    power: float = 0.5,
    time_constant: float = 0.4,
    eps: float = 1e-6,
    **options: Any,
) -> FloatArray:
    r"""Return mel bands whose gain follows their own loudness, compressed by a root.

    .. math::
        P[t, m] = \left(\frac{S[t, m]}{(\epsilon + M[t, m])^{g}} + b\right)^{p} - b^{p}, \quad
        M[t] = (1 - s)\, M[t - 1] + s\, S[t]

    with the square root S of the mel power of full-scale 32-bit samples, :math:`M[-1] = S[0]`, and
    :math:`s = (\sqrt{1 + 4 T^2} - 1) / (2 T^2)` of the time constant T in frames.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    sample_rate : int
        Hz.
    hop_length : int
        Distance between two frames, in samples.
    gain : float
        g, from 0 (the loudness stays) to 1 (it is divided away).
    bias : float
        b, more than 0.
    power : float
        p, more than 0.
    time_constant : float
        Seconds, more than 0.
    eps : float
        Loudness of silence, more than 0.
    **options
        As `resound.features.mel.mel_power`.

    Returns
    -------
    ndarray, shape (clips, frames, n_mels)
        At least 0, without a unit; ``librosa.pcen`` of the magnitude in mel bands, transposed,
        but for its beginning: librosa takes M[-1] = 1.

    Raises
    ------
    ParameterError
        For an option out of its range.

    References
    ----------
    Y. Wang, P. Getreuer, T. Hughes, R. F. Lyon, R. A. Saurous, "Trainable frontend for robust and
    far-field keyword spotting", ICASSP 2017, equations 1 and 2; V. Lostanlen et al.,
    "Per-channel energy normalization: why and how", IEEE Signal Processing Letters 26(1), 2019.

    Examples
    --------
    >>> silence = np.zeros((1, 16000))
    >>> pcen(silence, sample_rate=16000, n_fft=2048, hop_length=512, n_mels=2)[0, 0]
    array([0., 0.])
    """
    positive = {"bias": bias, "power": power, "time_constant": time_constant, "eps": eps}
    for name, value in positive.items():
        if not value > 0:
            raise ParameterError(f"{name}={value!r} must be more than 0")
    if not 0 <= gain <= 1:
        raise ParameterError(f"gain={gain!r} must lie between 0 and 1")
    passed = mel_power(waveforms, sample_rate=sample_rate, hop_length=hop_length, **options)
    bands = np.sqrt(passed) * waveforms.dtype.type(FULL_SCALE)
    frames = time_constant * sample_rate / hop_length
    s = (np.sqrt(1 + 4 * frames**2) - 1) / (2 * frames**2)
    # In float64: a band may lie 15 digits below full scale.
    loud = bands.astype(np.float64)
    smooth, _ = lfilter([s], [1, s - 1], loud, axis=1, zi=(1 - s) * loud[:, :1])
    relative = loud * np.exp(-gain * (np.log(eps) + np.log1p(smooth / eps)))
    normalised = bias**power * np.expm1(power * np.log1p(relative / bias))
    return np.asarray(normalised.astype(waveforms.dtype))
