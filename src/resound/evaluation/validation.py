"""Validation: our features beside librosa's, on the same clips, in float64.

librosa is the peer that a reader knows; nothing of it is used to compute our side.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound import store
from resound.errors import ParameterError, check_choice
from resound.evaluation.reference import librosa
from resound.features.extraction import extract_batch, options_of

Array = npt.NDArray[np.floating[Any]]


def validate_features(
    spec: Mapping[str, Any], *, waveforms: store.AnyPath, setting: str, output: store.AnyPath
) -> None:
    """Compare one feature with librosa's on clips spread evenly over the data set.

    Parameters
    ----------
    spec : mapping
        As `resound.experiment.specs.validation` makes it.
    waveforms : path
        The decoded clips.
    setting : str
        The name of the setting.
    output : path
        The rows of `compare`, with the setting and the number of clips.
    """
    audio = store.open_array(waveforms, spec=spec["audio"])
    n_clips = min(spec["clips"], len(audio.values))
    chosen = np.linspace(0, len(audio.values) - 1, n_clips).round().astype(int)
    rows = compare(spec["feature"], audio.values[chosen], **spec["stft"], **spec["options"])
    frame = pd.DataFrame(rows)
    frame.insert(1, "setting", setting)
    frame.insert(2, "clips", n_clips)
    store.write_csv(frame, output)


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
        The clips, in [-1, 1]; computed in float64 on both sides.
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

    Examples
    --------
    >>> tone = np.sin(0.1 * np.arange(8000))[np.newaxis]
    >>> (row,) = compare("mel", tone, sample_rate=16000, n_fft=512, hop_length=256, n_mels=20)
    >>> row["unit"], row["shape"], row["max_difference"] < 1e-6
    ('dB', (32, 20), True)
    """
    check_choice("name", name, PEERS)
    framing: dict[str, Any] = {"sample_rate": sample_rate}
    framing |= {"n_fft": n_fft, "hop_length": hop_length}
    every = options_of(name) | options
    compared: dict[tuple[str, str], _Comparison] = {}
    for waveform in np.asarray(waveforms):
        clip = np.asarray(waveform, dtype=np.float64)
        (ours,) = extract_batch(name, clip[np.newaxis], engine=engine, **framing, **options)
        theirs = PEERS[name](clip, **framing, **every).T
        for feature, unit, *sides in _columns(name, ours, theirs):
            compared.setdefault((feature, unit), _Comparison(*sides)).add(*sides)
    return [{"feature": f, "unit": u, **found.row()} for (f, u), found in compared.items()]


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


class _Comparison:
    """What is told of two features of many clips, which come one by one.

    Sums of products are of values less `means`, those of the first clip: near the means of all, so
    that no digits are lost.
    """

    def __init__(self, ours: Array, theirs: Array) -> None:
        self.shapes = ours.shape, theirs.shape
        self.means = float(ours.mean()), float(theirs.mean())
        self.n_values = 0
        self.ranges: list[tuple[float, float]] = [(np.inf, -np.inf)] * 2
        self.sums, self.products = np.zeros(2), np.zeros((2, 2))
        self.difference, self.squared_difference, self.largest = 0.0, 0.0, 0.0

    def add(self, ours: Array, theirs: Array) -> None:
        """Take in one clip."""
        self.n_values += ours.size
        self.ranges = [
            (min(low, float(side.min())), max(high, float(side.max())))
            for (low, high), side in zip(self.ranges, (ours, theirs), strict=True)
        ]
        pairs = zip((ours, theirs), self.means, strict=True)
        sides = np.stack([(side - mean).ravel() for side, mean in pairs])
        self.sums += sides.sum(axis=1)
        self.products += sides @ sides.T
        difference = np.abs(ours - theirs).ravel()
        self.difference += float(difference.sum())
        self.squared_difference += float(difference @ difference)
        self.largest = max(self.largest, float(difference.max()))

    def row(self) -> dict[str, Any]:
        """Return the columns of the table after the feature and its unit."""
        (minimum, maximum), (librosa_minimum, librosa_maximum) = self.ranges
        mean = self.difference / self.n_values
        return {
            "shape": self.shapes[0],
            "librosa_shape": self.shapes[1],
            "minimum": minimum,
            "maximum": maximum,
            "librosa_minimum": librosa_minimum,
            "librosa_maximum": librosa_maximum,
            "correlation": self._correlation(),
            "mean_difference": mean,
            "max_difference": self.largest,
            "std_difference": float(
                np.sqrt(max(0.0, self.squared_difference / self.n_values - mean**2))
            ),
        }

    def _correlation(self) -> float:
        """Return Pearson's correlation of all values; NaN where one side is constant."""
        if any(low == high for low, high in self.ranges):
            return float("nan")
        covariances = self.products - np.outer(self.sums, self.sums) / self.n_values
        return float(covariances[0, 1] / np.sqrt(covariances[0, 0] * covariances[1, 1]))
