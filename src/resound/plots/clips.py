"""Clips as pictures: their features side by side."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from resound import store
from resound.data.index import read_clips
from resound.features.extraction import extract, extract_batch
from resound.plots import choice
from resound.plots.made import Drawing, Files, Spec
from resound.plots.style import DIVERGING, SEQUENTIAL, colours, save
from resound.registry import FIGURES

DYNAMIC_RANGE = 80.0  # dB
DEVIATIONS = 2.5  # standard deviations, the ends of the scale of coefficients
Array = npt.NDArray[Any]


def features_height(n_rows: int) -> float:
    """Return the inches that so many features need."""
    return 0.5 + 1.05 * n_rows


def draw_features(
    figure: Figure,
    waveforms: Sequence[Array],
    features: Mapping[str, Sequence[Array]],
    *,
    titles: Sequence[str],
    sample_rate: int,
    hop_length: int,
) -> None:
    """Draw a column a clip: its waveform, and below it each of its features over time.

    Parameters
    ----------
    figure : Figure
        What to draw into.
    waveforms : sequence of ndarray, shape (samples,)
        The clips, all of one length.
    features : mapping of str to sequence of ndarray, shape (frames, dims)
        Each feature of all clips, in their order. One of a single dim is drawn as a line in Hz, 0
        being where there is none.
    titles : sequence of str
        What stands above each clip.
    sample_rate, hop_length : int
        Hz; samples between the frames.
    """
    panels = figure.subplots(
        1 + len(features), len(waveforms), squeeze=False, sharex=True, sharey="row"
    )
    seconds = waveforms[0].size / sample_rate
    for axes, wave, title in zip(panels[0], waveforms, titles, strict=True):
        axes.plot(np.arange(wave.size) / sample_rate, wave, lw=0.3, color=colours(1)[0])
        axes.set_title(title, fontsize=6.5, loc="center")
        axes.set_xlim(0, seconds)
    panels[0][0].set_ylabel("waveform", fontsize=7)
    for row, (name, values) in zip(panels[1:], features.items(), strict=True):
        _draw_feature(row, name, values, sample_rate, hop_length, seconds)
    for axes in panels.flat:
        axes.tick_params(labelsize=6, pad=1.5, length=2)
    for axes in panels[-1]:
        axes.set_xlabel("time in s", fontsize=7)


def _draw_feature(
    row: Sequence[Axes], name: str, values: Sequence[Array], rate: int, hop: int, seconds: float
) -> None:
    if values[0].shape[1] == 1:
        for axes, clip in zip(row, values, strict=True):
            times = np.arange(len(clip)) * hop / rate
            axes.plot(times, np.where(clip[:, 0] > 0, clip[:, 0], np.nan), ".", ms=2)
        row[0].set_ylim(0, max(float(np.max(values)) * 1.1, 1.0))
        row[0].set_ylabel(f"{name.upper()} in Hz", fontsize=7)
        return
    pictures, options, unit = _picture(name, values, rate)
    for axes, picture in zip(row, pictures, strict=True):
        axes.imshow(
            picture.T, aspect="auto", origin="lower", interpolation="nearest",
            extent=(0, min(seconds, len(picture) * hop / rate), *options["limits"]),
            cmap=options["cmap"], vmin=options["vmin"], vmax=options["vmax"],
        )  # fmt: skip
    row[0].set_ylabel(unit, fontsize=7)


def _picture(
    name: str, values: Sequence[Array], rate: int
) -> tuple[list[Array], dict[str, Any], str]:
    """Return what is shown of a feature: magnitudes and bands in dB, coefficients in deviations."""
    if name in ("stft", "mel"):
        shown = [_decibels(clip) if name == "stft" else clip - clip.max() for clip in values]
        dims = values[0].shape[1]
        limits = (0.0, rate / 2000 if name == "stft" else dims)
        unit = "STFT, kHz" if name == "stft" else "mel band"
        options = {"cmap": SEQUENTIAL, "vmin": -DYNAMIC_RANGE, "vmax": 0, "limits": limits}
        return shown, options, unit
    # As they are, the first coefficients would leave the others pale.
    every = np.concatenate(list(values))
    mean, deviation = every.mean(axis=0), every.std(axis=0)
    shown = [(clip - mean) / np.where(deviation > 0, deviation, 1.0) for clip in values]
    limits = (-0.5, values[0].shape[1] - 0.5)
    options = {"cmap": DIVERGING, "vmin": -DEVIATIONS, "vmax": DEVIATIONS, "limits": limits}
    return shown, options, name.upper()


def _decibels(magnitudes: Array) -> Array:
    peak = float(magnitudes.max()) or 1.0
    floor = 10 ** (-DYNAMIC_RANGE / 20)
    return np.asarray(20 * np.log10(np.maximum(magnitudes / peak, floor)))


def plot(
    waveform: npt.ArrayLike,
    path: store.AnyPath,
    *,
    sample_rate: int,
    features: Sequence[str] = ("mel", "mfcc"),
    n_fft: int = 2048,
    hop_length: int = 512,
    title: str = "",
) -> None:
    """Draw one sound and some of its features into a file.

    Parameters
    ----------
    waveform : array_like, shape (samples,)
        The sound.
    path : path
        ``.png`` or ``.svg``.
    sample_rate : int
        Hz.
    features : sequence of str
        Framed features of `resound.registry.FEATURES`.
    n_fft, hop_length : int
        Length of a frame and distance between two, in samples.
    title : str
        What stands above it.

    Raises
    ------
    ParameterError
        For another ending of `path`, and as `resound.features.extraction.extract` does.
    """
    clip = np.asarray(waveform)
    read = partial(
        extract, waveform=clip, sample_rate=sample_rate, n_fft=n_fft, hop_length=hop_length
    )
    drawn = partial(
        draw_features,
        waveforms=[clip],
        features={name: [read(name)] for name in features},
        titles=[title],
        sample_rate=sample_rate,
        hop_length=hop_length,
    )
    save(drawn, [path], height=features_height(len(features)))


@FIGURES.register(
    "features",
    group="Features",
    place=20,
    needs=("clips", "features_waveforms"),
    told=("features_figure",),
    uses="features_figure",
)
def features(files: Files, spec: Spec) -> Drawing:
    """Return the picture of some clips' waveforms, and below them their features."""
    figure = spec["features_figure"]
    index = read_clips(files["clips"][0])
    chosen = figure["clips"] or choice.one_of_each_group(index)
    choice.check_clips("figures.features.clips", chosen, index["id"].tolist())
    audio = store.open_array(files["features_waveforms"][0], spec=figure["audio"])
    waveforms = audio.rows(chosen)
    computed = {
        name: extract_batch(bank["feature"], waveforms, **bank["stft"], **bank["options"])
        for name, bank in figure["banks"].items()
    }
    drawn = partial(
        draw_features,
        waveforms=list(waveforms),
        features={name: list(frames) for name, frames in computed.items()},
        titles=choice.titles(index, chosen),
        sample_rate=figure["audio"]["sample_rate"],
        hop_length=next(iter(figure["banks"].values()))["stft"]["hop_length"],
    )
    return Drawing(drawn, features_height(len(computed)))
