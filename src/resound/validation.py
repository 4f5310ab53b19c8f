"""Our features beside librosa's, on the same clips, in float64.

librosa is the peer that a reader knows; nothing of it is used to compute our side.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from resound.errors import ParameterError, check_choice
from resound.features.extraction import extract_batch, options_of
from resound.reference import librosa

Array = npt.NDArray[np.floating[Any]]

CLIPS_A_BATCH = 4  # as a bank's; the spectra of all clips at once would be a gigabyte


def compare(
    name: str,
    waveforms: npt.ArrayLike,
    *,
    sample_rate: int,
    n_fft: int,
    hop_length: int,
    engine: str = "fft",
    **options: Any,
) -> list[dict[str, Any]]:
    """Compare a feature of a batch of clips with librosa's.

    Parameters
    ----------
    name : {"stft", "mel", "mfcc"}
        The feature.
    waveforms : array_like, shape (clips, samples)
        The clips; computed in float64 on both sides.
    sample_rate : int
        Hz.
    n_fft, hop_length : int
        Length of a frame and distance between two, in samples.
    engine : {"fft", "matrix"}
        How our side computes its spectra.
    **options
        Options of the feature, as `resound.features.extraction.options_of` lists them.

    Returns
    -------
    list of dict
        One row for ``stft`` and ``mel``, one a coefficient for ``mfcc`` (``mfcc_0``, ...):
        `feature`, `unit` ("magnitude" or "dB"), `shape` and `librosa_shape` of one clip, `minimum`,
        `maximum`, `librosa_minimum`, `librosa_maximum`, `correlation` (Pearson's over all values;
        NaN where a side is constant), and `mean_difference`, `max_difference`, `std_difference` of
        the absolute differences.

    Raises
    ------
    ParameterError
        For a feature that librosa does not have in this form, or arguments that
        `resound.features.extract_batch` refuses.
    """
    check_choice("name", name, PEERS)
    clips = np.asarray(waveforms, dtype=np.float64)
    framing = {"sample_rate": sample_rate, "n_fft": n_fft, "hop_length": hop_length}
    batches = (clips[i : i + CLIPS_A_BATCH] for i in range(0, len(clips), CLIPS_A_BATCH))
    ours = np.concatenate(
        [extract_batch(name, batch, engine=engine, **framing, **options) for batch in batches]
    )
    every = options_of(name) | options
    theirs = np.stack([PEERS[name](clip, **framing, **every).T for clip in clips])
    return [_row(*column) for column in _columns(name, ours, theirs)]


def _librosa_stft(
    clip: Array, *, sample_rate: int, n_fft: int, hop_length: int, **options: Any
) -> Array:
    spectrum = librosa.stft(clip, n_fft=n_fft, hop_length=hop_length, **options)
    magnitude: Array = np.abs(spectrum)
    return magnitude


def _librosa_mel(
    clip: Array,
    *,
    sample_rate: int,
    n_fft: int,
    hop_length: int,
    top_db: float | None,
    **options: Any,
) -> Array:
    # librosa's filters are float32 unless told otherwise
    options["dtype"] = np.float64
    power = librosa.feature.melspectrogram(
        y=clip, sr=sample_rate, n_fft=n_fft, hop_length=hop_length, **options
    )
    decibels: Array = librosa.power_to_db(power, top_db=top_db)
    return decibels


def _librosa_mfcc(clip: Array, *, n_mfcc: int, **options: Any) -> Array:
    coefficients: Array = librosa.feature.mfcc(S=_librosa_mel(clip, **options), n_mfcc=n_mfcc)
    return coefficients


PEERS: dict[str, Callable[..., Array]] = {
    "stft": _librosa_stft,
    "mel": _librosa_mel,
    "mfcc": _librosa_mfcc,
}


def _columns(name: str, ours: Array, theirs: Array) -> Iterator[tuple[str, str, Array, Array]]:
    if ours.shape != theirs.shape:
        raise ParameterError(f"{name} of shape {ours.shape} differs from librosa's {theirs.shape}")
    if name == "mfcc":
        for i in range(ours.shape[-1]):
            yield f"mfcc_{i}", "dB", ours[..., i], theirs[..., i]
    else:
        yield name, "magnitude" if name == "stft" else "dB", ours, theirs


def _row(feature: str, unit: str, ours: Array, theirs: Array) -> dict[str, Any]:
    constant = np.ptp(ours) == 0 or np.ptp(theirs) == 0
    correlation = np.nan if constant else _correlation(ours, theirs)
    difference = np.abs(ours - theirs)
    return {
        "feature": feature,
        "unit": unit,
        "shape": ours.shape[1:],
        "librosa_shape": theirs.shape[1:],
        "minimum": float(ours.min()),
        "maximum": float(ours.max()),
        "librosa_minimum": float(theirs.min()),
        "librosa_maximum": float(theirs.max()),
        "correlation": float(correlation),
        "mean_difference": float(difference.mean()),
        "max_difference": float(difference.max()),
        "std_difference": float(difference.std()),
    }


def _correlation(ours: Array, theirs: Array) -> float:
    """Return Pearson's correlation of all values, a clip at a time: they are many."""
    sides = [(side, side.mean()) for side in (ours, theirs)]
    squares, products, other_squares = 0.0, 0.0, 0.0
    for clip in range(len(ours)):
        x, y = ((side[clip] - mean).ravel() for side, mean in sides)
        squares, products, other_squares = squares + x @ x, products + x @ y, other_squares + y @ y
    return float(products / np.sqrt(squares * other_squares))
