"""Alignment of two clips by DTW, as a picture of local costs and path."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from resound import store
from resound.data.index import read_clips
from resound.distances.dtw_path import Alignment, align
from resound.features.extraction import extract_batch
from resound.plots import choice
from resound.plots.made import Drawing, Files, Spec
from resound.plots.style import SEQUENTIAL, colours
from resound.registry import FIGURES

Array = npt.NDArray[Any]

HEIGHT = 5.2  # inches


def draw_alignment(
    figure: Figure,
    alignment: Alignment,
    waveforms: Sequence[Array],
    *,
    titles: Sequence[str],
    about: str,
    sample_rate: int,
    hop_length: int,
) -> None:
    """Draw the local costs of two clips with the path of least cost, their waveforms beside it.

    Parameters
    ----------
    figure : Figure
        What to draw into.
    alignment : Alignment
        Of the first clip, from below to above, with the second, from left to right.
    waveforms : sequence of ndarray, shape (samples,)
        The two clips.
    titles : sequence of str
        Their names.
    about : str
        What is compared.
    sample_rate, hop_length : int
        Hz; samples between the frames.
    """
    grid = figure.add_gridspec(2, 2, width_ratios=(1, 5), height_ratios=(5, 1))
    matrix = figure.add_subplot(grid[0, 1])
    frame = hop_length / sample_rate
    n, m = alignment.costs.shape
    image = matrix.imshow(
        alignment.costs, origin="lower", aspect="auto", cmap=SEQUENTIAL, interpolation="nearest",
        extent=(0, m * frame, 0, n * frame),
    )  # fmt: skip
    first, second = ((alignment.path[:, side] + 0.5) * frame for side in (0, 1))
    matrix.plot(second, first, color="white", lw=2.4)
    matrix.plot(second, first, color=colours(2)[1], lw=1.4, label="path of least cost")
    ends = (min(n, m) * frame,) * 2
    matrix.plot((0, ends[1]), (0, ends[0]), color="white", lw=0.7, ls=":", label="no warping")
    matrix.legend(
        loc="upper left", fontsize=7, facecolor="0.35", labelcolor="white", framealpha=0.8
    )
    matrix.set_title(f"DTW distance by {about}: {alignment.distance:.4g}")
    matrix.tick_params(labelbottom=False, labelleft=False)
    figure.colorbar(image, ax=matrix, label="local cost of two frames", pad=0.02)
    left = figure.add_subplot(grid[0, 0], sharey=matrix)
    below = figure.add_subplot(grid[1, 1], sharex=matrix)
    one, two = waveforms
    left.plot(one, np.arange(one.size) / sample_rate, lw=0.3, color=colours(1)[0])
    below.plot(np.arange(two.size) / sample_rate, two, lw=0.3, color=colours(1)[0])
    left.set(ylabel=f"{titles[0]}\ntime in s", xticks=[], ylim=(0, n * frame))
    below.set(xlabel=f"time in s\n{titles[1]}", yticks=[], xlim=(0, m * frame))
    left.invert_xaxis()


@FIGURES.register(
    "dtw",
    file="dtw_path",
    group="Features",
    place=30,
    needs=("clips", "dtw_waveforms"),
    told=("dtw_figure",),
    uses="dtw_figure",
)
def dtw(files: Files, spec: Spec) -> Drawing:
    """Return the picture of two clips' local costs, and of the path of least cost through them."""
    figure = spec["dtw_figure"]
    bank, index = figure["bank"], read_clips(files["clips"][0])
    chosen = figure["clips"] or choice.two_recordings(index)
    choice.check_clips("figures.dtw.clips", chosen, index["id"].tolist())
    waveforms = store.open_array(files["dtw_waveforms"][0], spec=bank["audio"]).rows(chosen)
    frames = extract_batch(bank["feature"], waveforms, **bank["stft"], **bank["options"])
    drawn = partial(
        draw_alignment,
        alignment=align(*frames, **figure["options"]),
        waveforms=list(waveforms),
        titles=choice.titles(index, chosen, separator=" "),
        about=bank["feature"],
        sample_rate=bank["stft"]["sample_rate"],
        hop_length=bank["stft"]["hop_length"],
    )
    return Drawing(drawn, HEIGHT)
