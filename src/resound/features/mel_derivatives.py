"""The mel spectrogram in dB with its time derivatives, three planes of one image."""

from typing import Any

from resound.dsp.arrays import FloatArray
from resound.dsp.deltas import with_deltas
from resound.features.mel import mel
from resound.registry import FEATURES


@FEATURES.register("mel_derivatives", extends="mel", planes=3)
def mel_derivatives(waveforms: FloatArray, *, width: int = 9, **options: Any) -> FloatArray:
    """Return `mel` with its first and second time derivatives over `width` frames.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    width : int
        Frames of a derivative, odd and at least 3.
    **options
        As `resound.features.mel.mel`.

    Returns
    -------
    ndarray, shape (clips, frames, 3 * n_mels)
        Bands, derivatives, second derivatives along the last axis: dB, dB per frame, dB per frame
        squared.

    Raises
    ------
    ParameterError
        For an option out of its range, or fewer than `width` frames.

    Examples
    --------
    >>> import numpy as np
    >>> silence = np.zeros((2, 44100))
    >>> mel_derivatives(silence, sample_rate=44100, n_fft=4096, hop_length=1024).shape
    (2, 44, 192)
    """
    return with_deltas(mel(waveforms, **options), width=width)
