"""Spectrogram matrix as a picture, and a spectrogram made by it beside the FFT's."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from resound import store
from resound.dsp.matrix import apply, spectrogram_operator
from resound.evaluation.matrix_costs import fft_spectrogram
from resound.plots.choice import check_clips
from resound.plots.made import Drawing, Files, Spec
from resound.plots.style import DIVERGING, SEQUENTIAL
from resound.registry import FIGURES

HEIGHT = 7.5  # inches
DYNAMIC_RANGE = 80.0  # dB
MOST_FRAMES = 8  # that are marked
Array = npt.NDArray[Any]


def position_of(clip_id: str | None, clip_ids: Sequence[str]) -> int:
    """Return where the clip to show stands among all; None stands for the first.

    Raises
    ------
    ParameterError
        For an id that is not among them.
    """
    if clip_id is None:
        return 0
    check_clips("matrix_spectrogram.figure.clip", [clip_id], clip_ids)
    return list(clip_ids).index(clip_id)


def draw(
    figure: Figure,
    clip: Array,
    *,
    clip_id: str,
    sample_rate: int,
    n_samples: int,
    **setting: Any,
) -> None:
    """Draw the real part, the imaginary part and the non-zeros of A; below, |A x| and the FFT.

    Parameters
    ----------
    figure : Figure
        What to draw into.
    clip : ndarray, shape (samples,)
        The sound whose spectrogram is shown.
    clip_id : str
        Its name.
    sample_rate : int
        Hz, of the clip.
    n_samples : int
        Columns of the matrix that is drawn.
    **setting
        `n_fft`, `hop_length`, `window` and `periodic` of `spectrogram_operator`.

    Raises
    ------
    ParameterError
        As `spectrogram_operator`.
    """
    upper = figure.add_subfigure(figure.add_gridspec(3, 1)[:2])
    lower = figure.add_subfigure(figure.add_gridspec(3, 1)[2])
    _draw_matrix(upper, n_samples, setting)
    _draw_spectrograms(lower, clip, clip_id, sample_rate, setting)


def _draw_matrix(figure: SubFigure, n_samples: int, setting: dict[str, Any]) -> None:
    A = spectrogram_operator(n_samples, dense=True, **setting)
    peak = float(np.abs(A).max())
    signed = {"cmap": DIVERGING, "vmin": -peak, "vmax": peak}
    share = np.count_nonzero(A) / A.size
    real, imaginary, pattern = figure.subplots(1, 3, sharex=True, sharey=True)
    entries = _show(real, A.real, "Real part of A", **signed)
    _show(imaginary, A.imag, "Imaginary part of A", **signed)
    _show(pattern, A != 0, f"Not 0: {share:.0%} of A", cmap="binary", vmin=0, vmax=1.4)
    figure.colorbar(entries, ax=[real, imaginary], location="bottom", aspect=40, label="entry")
    _mark_frames(real, len(A), setting["n_fft"])
    real.set_ylabel("row: frame, bin")


def _show(axes: Axes, values: Array, title: str, **options: Any) -> Any:
    axes.set_title(title)
    axes.set_xlabel("column: sample")
    return axes.imshow(values, aspect="auto", interpolation="nearest", **options)


def _mark_frames(axes: Axes, n_rows: int, n_fft: int) -> None:
    """Label the first row of frames and, where there is room, the middle one."""
    step = -(-n_rows // n_fft // MOST_FRAMES)
    bins = (0, n_fft // 2) if step == 1 else (0,)
    marks = [(t, k) for t in range(0, n_rows // n_fft, step) for k in bins]
    axes.set_yticks([t * n_fft + k for t, k in marks], [f"{t}, {k}" for t, k in marks])


def _draw_spectrograms(
    figure: SubFigure, clip: Array, clip_id: str, sample_rate: int, setting: dict[str, Any]
) -> None:
    A = spectrogram_operator(clip.size, onesided=True, **setting)
    product = apply(A, clip).reshape(-1, 1 + setting["n_fft"] // 2)
    fft = fft_spectrogram(clip, **setting)[:, : product.shape[1]]
    peak = float(np.abs(fft).max()) or 1.0
    difference = float(np.abs(product - fft).max()) / peak
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    left.set_title(f"|A x|, x = {clip_id}")
    right.set_title(f"FFT: differs by {difference:.0e} at most")
    left.set_ylabel("frequency in kHz")
    for axes, spectrum in ((left, product), (right, fft)):
        axes.set_xlabel("time in s")
        decibels = axes.imshow(
            _decibels(spectrum, peak).T,
            aspect="auto",
            origin="lower",
            cmap=SEQUENTIAL,
            vmin=-DYNAMIC_RANGE,
            vmax=0,
            extent=(0, clip.size / sample_rate, 0, sample_rate / 2000),
        )
    figure.colorbar(decibels, ax=[left, right], label="dB relative to the peak")


def _decibels(spectrum: Array, peak: float) -> Array:
    floor = 10 ** (-DYNAMIC_RANGE / 20)
    return np.asarray(20 * np.log10(np.maximum(np.abs(spectrum) / peak, floor)))


@FIGURES.register(
    "matrix",
    file="stft_matrix_real",
    group="Features",
    place=10,
    needs=("matrix_waveforms",),
    told=("matrix_figure",),
)
def matrix(files: Files, spec: Spec) -> Drawing:
    """Return the picture of a spectrogram matrix, and of a clip's spectrogram made by it."""
    figure = spec["matrix_figure"]
    audio = store.open_array(files["matrix_waveforms"][0], spec=figure["audio"])
    position = position_of(figure["clip"], audio.ids["clips"])
    drawn = partial(
        draw,
        clip=audio.values[position],
        clip_id=audio.ids["clips"][position],
        sample_rate=figure["audio"]["sample_rate"],
        n_samples=figure["n_samples"],
        **figure["matrix"],
    )
    return Drawing(drawn, HEIGHT)
