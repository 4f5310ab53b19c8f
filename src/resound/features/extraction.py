"""Features by name: any registered one of one clip or of many, with its arguments checked.

A feature is a function ``(waveforms, *, sample_rate, n_fft, hop_length, **options)`` from clips
``(clips, samples)`` to ``(clips, frames, dims)``, registered in `resound.registry.FEATURES`. Two
traits of a registration matter here: ``framed=False`` marks a feature of the whole clip, without
`n_fft` and `hop_length`; ``extends="mel"`` says that its ``**options`` go on to the feature of that
name, whose options it therefore has too. Two more tell networks what they read:
``scale="magnitude"`` or ``"power"`` marks what is not in decibels and must be compressed, and
``planes=3`` a feature that stands side by side with its two derivatives.
"""

import inspect
from collections.abc import Hashable
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.fft

from resound.dsp.arrays import FloatArray
from resound.dsp.stft import use_engine
from resound.errors import ParameterError, check_positive_int, unknown
from resound.features.pooling import pooled
from resound.registry import FEATURES, where

COMMON = ("sample_rate", "n_fft", "hop_length")
# What every feature can be asked for beside its own options.
POOLING = "pooling"


def extract(
    name: str,
    waveform: npt.ArrayLike,
    *,
    sample_rate: int,
    n_fft: int | None = None,
    hop_length: int | None = None,
    engine: str = "fft",
    **options: Any,
) -> FloatArray:
    """Return one feature of one clip; see `extract_batch`.

    Parameters
    ----------
    name : str
        A feature of `resound.registry.FEATURES`: ``"mfcc"``.
    waveform : array_like, shape (samples,)
        The clip, float32 or float64, usually in [-1, 1].
    sample_rate : int
        Hz.
    n_fft, hop_length : int, optional
        Length of a frame and distance between two, in samples. A feature
        of the whole clip (`fft`) takes no notice of them, so that one call serves all features.
    engine : {"fft", "matrix"}
        As in `extract_batch`.
    **options
        Options of the feature, as `options_of` lists them, and `pooling`.

    Returns
    -------
    ndarray, shape (frames, dims)
        Finite, in the dtype of `waveform` and the unit of the feature: dB for ``"mfcc"``.

    Raises
    ------
    ParameterError
        As `extract_batch`.

    Examples
    --------
    >>> one_second = np.sin(0.1 * np.arange(44100))
    >>> extract("mfcc", one_second, sample_rate=44100, n_fft=4096, hop_length=1024).shape
    (44, 13)
    """
    clip = np.asarray(waveform)
    if clip.ndim != 1:
        raise ParameterError(
            f"waveform of shape {clip.shape} must be one clip (samples,); "
            "mix channels down, or use extract_batch for several clips"
        )
    options |= {"n_fft": n_fft, "hop_length": hop_length, "engine": engine}
    features: FloatArray = extract_batch(
        name, clip[np.newaxis], sample_rate=sample_rate, **options
    )[0]
    return features


def extract_batch(
    name: str,
    waveforms: npt.ArrayLike,
    *,
    sample_rate: int,
    n_fft: int | None = None,
    hop_length: int | None = None,
    engine: str = "fft",
    pooling: str | None = None,
    n_threads: int = 1,
    **options: Any,
) -> FloatArray:
    """Return one feature of a batch of clips.

    A clip's values do not depend on the rest of its batch, beyond rounding. The working memory is a
    few times ``clips * frames * n_fft`` samples at most: the batch bounds it. Several threads may
    call this at once.

    Parameters
    ----------
    name : str
        A feature of `resound.registry.FEATURES`: ``"mfcc"``.
    waveforms : array_like, shape (clips, samples)
        The clips, float32 or float64, usually in [-1, 1].
    sample_rate : int
        Hz.
    n_fft, hop_length : int, optional
        Length of a frame and distance between two, in samples. A feature
        of the whole clip (`fft`) takes no notice of them, so that one call serves all features.
    engine : {"fft", "matrix"}
        How the spectra of frames are computed (`resound.dsp.stft.use_engine`): values differ by
        rounding. The product of ``"matrix"`` runs on the threads of BLAS.
    pooling : {"mean", "max", "summary"}, optional
        Makes one frame of all frames of a clip: `resound.features.pooling.pooled`.
    n_threads : int
        Threads of the Fourier transforms, and of the clips where bands are computed of them.
    **options
        Options of the feature, as `options_of` lists them.

    Returns
    -------
    ndarray, shape (clips, frames, dims)
        Finite, in the dtype of `waveforms` and the unit of the feature: dB for ``"mfcc"``.

    Raises
    ------
    ParameterError
        For an unknown feature or option, a value out of its range, an empty or ill-shaped batch, a
        clip shorter than `n_fft`, or samples that are not finite.

    Examples
    --------
    >>> silence = np.zeros((2, 44100), dtype=np.float32)
    >>> mel = extract_batch("mel", silence, sample_rate=44100, n_fft=4096, hop_length=1024)
    >>> mel.shape, mel.dtype, round(float(mel.max()), 3)
    ((2, 44, 64), dtype('float32'), -100.0)
    """
    _check_options(name, options)
    clips = _checked_clips(waveforms)
    framing = _checked_framing(name, clips.shape[1], n_fft, hop_length)
    sample_rate = check_positive_int("sample_rate", sample_rate, "Hz")
    workers = scipy.fft.set_workers(check_positive_int("n_threads", n_threads))
    with use_engine(engine), workers:
        features = FEATURES[name](clips, sample_rate=sample_rate, **framing, **options)
    return pooled(_checked_features(name, features, clips), pooling)


def feature_shape(
    name: str,
    samples: int,
    *,
    sample_rate: int,
    n_fft: int | None = None,
    hop_length: int | None = None,
    **options: Any,
) -> tuple[int, int]:
    """Return ``(frames, dims)`` of a feature of clips of `samples` samples.

    The shape is that of a silent clip's feature, so it costs one clip and raises what
    `extract_batch` raises; `options` may name the `engine` too.

    Parameters
    ----------
    name, sample_rate, n_fft, hop_length, **options
        As in `extract`.
    samples : int
        Samples of a clip.

    Returns
    -------
    frames, dims : int

    Raises
    ------
    ParameterError
        As `extract_batch`.

    Examples
    --------
    >>> feature_shape("mfcc", 220500, sample_rate=44100, n_fft=4096, hop_length=1024)
    (216, 13)
    """
    silence = np.zeros(check_positive_int("samples", samples), dtype=np.float32)
    frames, dims = extract(
        name, silence, sample_rate=sample_rate, n_fft=n_fft, hop_length=hop_length, **options
    ).shape
    return frames, dims


def options_of(name: str) -> dict[str, Any]:
    """Return the options of a feature with their defaults, those of the feature it extends first.

    Parameters
    ----------
    name : str
        A feature of `resound.registry.FEATURES`.

    Returns
    -------
    dict of str to object

    Raises
    ------
    ParameterError
        For an unknown feature.

    Examples
    --------
    >>> options_of("mfcc")["n_mels"]
    64
    """
    extended = FEATURES.entry(name).traits.get("extends")
    inherited = options_of(extended) if extended else {}
    parameters = inspect.signature(FEATURES[name]).parameters.values()
    own = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    return inherited | {option: own[option] for option in own if option not in COMMON}


def _check_options(name: str, options: dict[str, Any]) -> None:
    allowed = options_of(name)
    for option, value in options.items():
        if option not in allowed:
            raise ParameterError(
                f"option {option!r} of feature {name!r} {unknown(option, allowed)}"
            )
        if not isinstance(value, Hashable):
            raise ParameterError(f"{option}={value!r} must be a single value")


def _checked_clips(waveforms: npt.ArrayLike) -> FloatArray:
    clips = np.asarray(waveforms)
    if clips.dtype not in (np.float32, np.float64):
        raise ParameterError(
            f"waveforms of dtype {clips.dtype} must be float32 or float64; "
            "scale integer samples to [-1, 1] first"
        )
    if clips.ndim != 2 or clips.size == 0:
        raise ParameterError(
            f"waveforms of shape {clips.shape} must be a batch (clips, samples) that is not empty"
        )
    finite = np.isfinite(clips).all(axis=1)
    if not finite.all():
        position = int(np.flatnonzero(~finite)[0])
        raise ParameterError(
            f"clip {position} of {len(clips)} holds samples that are not finite (NaN or "
            "infinite); repair it or leave it out"
        )
    return clips


def _checked_features(name: str, features: Any, clips: FloatArray) -> FloatArray:
    """Check what a feature returns, which may be written by whoever uses it."""
    found = f"a {type(features).__name__}"
    if isinstance(features, np.ndarray):
        found = f"{features.dtype} of shape {features.shape}"
        if features.ndim == 3 and len(features) == len(clips) and features.dtype == clips.dtype:
            return features
    raise ParameterError(
        f"feature {name!r}, {where(FEATURES[name])}: returned {found}; for clips of shape "
        f"{clips.shape} it must be {clips.dtype} of shape ({len(clips)}, frames, dims)"
    )


def _checked_framing(
    name: str, samples: int, n_fft: int | None, hop_length: int | None
) -> dict[str, int]:
    if not FEATURES.entry(name).traits.get("framed", True):
        return {}
    if n_fft is None or hop_length is None:
        raise ParameterError(
            f"feature {name!r} works on frames: n_fft={n_fft} and hop_length={hop_length} "
            "must both be given, in samples"
        )
    checked = {
        "n_fft": check_positive_int("n_fft", n_fft, "samples"),
        "hop_length": check_positive_int("hop_length", hop_length, "samples"),
    }
    if checked["n_fft"] > samples:
        raise ParameterError(
            f"n_fft={n_fft} must not exceed the {samples} samples of a clip; "
            "lower n_fft or use longer clips"
        )
    return checked
