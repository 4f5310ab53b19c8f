"""Small pictures of spectrograms, many to a sheet."""

import base64
import io

import numpy as np
import numpy.typing as npt
import seaborn
from PIL import Image

from resound.plots.style import SEQUENTIAL
from resound.report.page.clips import Clips
from resound.store import StoredArray

WIDTH, HEIGHT = 64, 48
COLUMNS = 32
PER_SHEET = 1024
RANGE_DB = 60.0
QUALITY = 45  # WebP's, 0 to 100


def sheets(bank: StoredArray, clips: Clips) -> list[str]:
    """Draw the mel spectrogram of every clip, `PER_SHEET` to a sheet of `COLUMNS` columns.

    Parameters
    ----------
    bank : StoredArray
        In dB, shape (clips, frames, bands).

    Returns
    -------
    list of str
        WebP files in base64. Clip ``i`` stands on sheet ``i // PER_SHEET``, in row-major order.
    """
    return [
        _sheet(bank, clips.ids[start : start + PER_SHEET])
        for start in range(0, len(clips.ids), PER_SHEET)
    ]


def _sheet(bank: StoredArray, ids: list[str]) -> str:
    n_rows = -(-len(ids) // COLUMNS)
    grey = np.zeros((n_rows * HEIGHT, COLUMNS * WIDTH), np.uint8)
    for position, spectrogram in enumerate(bank.rows(ids)):
        row, column = divmod(position, COLUMNS)
        place = np.s_[row * HEIGHT : (row + 1) * HEIGHT, column * WIDTH : (column + 1) * WIDTH]
        grey[place] = thumbnail(spectrogram)
    colours = np.asarray(seaborn.color_palette(SEQUENTIAL, 256))
    picture = Image.fromarray((colours[grey] * 255).round().astype(np.uint8))
    file = io.BytesIO()
    picture.save(file, "webp", quality=QUALITY, method=4)
    return base64.b64encode(file.getvalue()).decode("ascii")


def thumbnail(
    spectrogram: npt.NDArray[np.floating], *, width: int = WIDTH, height: int = HEIGHT
) -> npt.NDArray[np.uint8]:
    """Return a spectrogram as a grey picture, low bands at the bottom.

    Parameters
    ----------
    spectrogram : ndarray, shape (frames, bands)
        In dB.
    width, height : int
        Of the picture, in pixels.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        255, white, is its largest value, and 0, black, `RANGE_DB` below and less.

    Examples
    --------
    >>> thumbnail(np.array([[-60.0, 0.0]]))[[0, -1], 0]
    array([255,   0], dtype=uint8)
    """
    upright = np.asarray(spectrogram, np.float32).T[::-1]
    share = np.clip(1 + (upright - upright.max()) / RANGE_DB, 0, 1)
    image = Image.fromarray(share * 255).resize((width, height), Image.Resampling.BOX)
    return np.asarray(image).round().astype(np.uint8)
