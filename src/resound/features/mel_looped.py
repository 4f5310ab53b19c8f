"""The mel spectrogram of the part of a clip that sounds, repeated until the clip is full."""

from typing import Any

import numpy as np

from resound.dsp.arrays import FloatArray
from resound.errors import check_positive_int
from resound.features.mel import mel
from resound.registry import FEATURES


@FEATURES.register("mel_looped", extends="mel")
def mel_looped(
    waveforms: FloatArray,
    *,
    hop_length: int,
    silence_db: float = -80.0,
    least: int = 6,
    **options: Any,
) -> FloatArray:
    r"""Return `mel` with the frames of each clip that sound, one after the other, again and again.

    .. math:: L[t] = M[s_{t \bmod n}], \quad
              s = \{t : \max_{t h \le i < (t + 1) h} |x_i| > 10^{silence\_db / 20}\}, \; n = |s|

    with the mel spectrogram M and h samples from frame to frame. Clips that were filled up with
    zeros, as a quarter of ESC-50's are, so hold nothing but their sound; a network does not learn
    silence, and every part of a clip tells of its class.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    hop_length : int
        h, in samples.
    silence_db : float
        Peak in dBFS up to which a frame is silent; -80 is little more than digital silence.
    least : int
        Frames; a clip of which fewer sound stays as it is.
    **options
        As `resound.features.mel.mel`.

    Returns
    -------
    ndarray, shape (clips, frames, n_mels)
        dB, as `mel` returns them.

    Raises
    ------
    ParameterError
        For an option out of its range.

    Examples
    --------
    Of a click and silence the clip is full of clicks:

    >>> clip = np.where(np.arange(8000) < 1000, 0.5, 0.0)[np.newaxis]
    >>> framing = {"sample_rate": 8000, "n_fft": 256, "hop_length": 100}
    >>> bands = mel_looped(clip, n_mels=4, **framing)
    >>> bool((bands[0, :10] == bands[0, 70:80]).all())
    True
    """
    check_positive_int("least", least, "frames")
    bands = mel(waveforms, hop_length=hop_length, **options)
    n_frames, threshold = bands.shape[1], 10 ** (silence_db / 20)
    starts = np.arange(0, waveforms.shape[1], hop_length)[:n_frames]
    looped = bands.copy()
    for clip, waveform in enumerate(waveforms):
        peaks = np.maximum.reduceat(np.abs(waveform), starts)
        sounding = np.flatnonzero(peaks > threshold)
        if least <= len(sounding) < len(starts):
            looped[clip] = bands[clip, np.resize(sounding, n_frames)]
    return looped
