"""Mel-frequency cepstral coefficients (MFCC): by cosine or sine transform, and with derivatives."""

from typing import Any

from resound.dsp.arrays import FloatArray
from resound.dsp.deltas import with_deltas
from resound.dsp.transforms import dct_matrix, dst_matrix, project
from resound.errors import ParameterError, check_positive_int
from resound.features.mel import mel
from resound.registry import FEATURES


@FEATURES.register("mfcc", extends="mel")
@FEATURES.register("mfcc_dct", extends="mel")
def mfcc(waveforms: FloatArray, *, n_mfcc: int = 13, **options: Any) -> FloatArray:
    """Return MFCC: the first coefficients of the DCT-II of the mel spectrogram in dB.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    n_mfcc : int
        Coefficients, from the 0th; at most `n_mels`.
    **options
        As `resound.features.mel.mel`.

    Returns
    -------
    ndarray, shape (clips, frames, n_mfcc)
        dB, orthonormal, without liftering; ``librosa.feature.mfcc`` transposed.

    Raises
    ------
    ParameterError
        For an option out of its range.

    References
    ----------
    S. B. Davis, P. Mermelstein, "Comparison of parametric representations for monosyllabic word
    recognition", IEEE Trans. ASSP 28(4), 1980.

    Examples
    --------
    Coefficient 0 of silence is -100 dB times the root of 64 bands, all others are 0:

    >>> import numpy as np
    >>> silence = np.zeros((2, 44100))
    >>> coefficients = mfcc(silence, sample_rate=44100, n_fft=4096, hop_length=1024)
    >>> coefficients.shape, coefficients[0, 0, :3].round(6) + 0.0
    ((2, 44, 13), array([-800.,    0.,    0.]))
    """
    bands = mel(waveforms, **options)
    return project(bands, dct_matrix(bands.shape[-1], _checked_n_mfcc(n_mfcc, bands)))


@FEATURES.register("mfcc_dst", extends="mel")
def mfcc_dst(waveforms: FloatArray, *, n_mfcc: int = 13, **options: Any) -> FloatArray:
    """Return what `mfcc` returns, by the DST-II instead of the DCT-II.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    n_mfcc, **options
        As `mfcc`.

    Returns
    -------
    ndarray, shape (clips, frames, n_mfcc)
        dB, orthonormal; coefficient 0 is half a sine period over the bands.

    Raises
    ------
    ParameterError
        For an option out of its range.
    """
    bands = mel(waveforms, **options)
    return project(bands, dst_matrix(bands.shape[-1], _checked_n_mfcc(n_mfcc, bands)))


@FEATURES.register("mfcc_derivatives_dct", extends="mfcc", planes=3)
def mfcc_derivatives_dct(waveforms: FloatArray, *, width: int = 9, **options: Any) -> FloatArray:
    """Return `mfcc` with its first and second time derivatives over `width` frames.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    width : int
        Frames of a derivative, odd and at least 3.
    **options
        As `mfcc`.

    Returns
    -------
    ndarray, shape (clips, frames, 3 * n_mfcc)
        Coefficients, derivatives, second derivatives along the last axis: dB, dB per frame, dB per
        frame squared.

    Raises
    ------
    ParameterError
        For an option out of its range, or fewer than `width` frames.

    Examples
    --------
    >>> import numpy as np
    >>> silence = np.zeros((2, 44100))
    >>> mfcc_derivatives_dct(silence, sample_rate=44100, n_fft=4096, hop_length=1024).shape
    (2, 44, 39)
    """
    return with_deltas(mfcc(waveforms, **options), width=width)


@FEATURES.register("mfcc_derivatives_dst", extends="mfcc_dst", planes=3)
def mfcc_derivatives_dst(waveforms: FloatArray, *, width: int = 9, **options: Any) -> FloatArray:
    """Return `mfcc_dst` with its time derivatives, as `mfcc_derivatives_dct` does with `mfcc`.

    Parameters
    ----------
    waveforms : ndarray, shape (clips, samples)
        Clips, float32 or float64, usually in [-1, 1].
    width, **options
        As `mfcc_derivatives_dct`.

    Returns
    -------
    ndarray, shape (clips, frames, 3 * n_mfcc)
        As `mfcc_derivatives_dct` returns it.

    Raises
    ------
    ParameterError
        For an option out of its range, or fewer than `width` frames.
    """
    return with_deltas(mfcc_dst(waveforms, **options), width=width)


def _checked_n_mfcc(n_mfcc: int, bands: FloatArray) -> int:
    n_mels = bands.shape[-1]
    n_mfcc = check_positive_int("n_mfcc", n_mfcc)
    if n_mfcc > n_mels:
        raise ParameterError(
            f"n_mfcc={n_mfcc} must not exceed n_mels={n_mels}; lower it or raise n_mels"
        )
    return n_mfcc
