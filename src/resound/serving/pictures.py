"""Pictures of stretches of sound: mel spectrograms as PNG files."""

import functools
import io

import numpy as np
import numpy.typing as npt
import seaborn
from PIL import Image

from resound.features.extraction import extract
from resound.plots.style import SEQUENTIAL
from resound.report.page.thumbnails import thumbnail

Float32 = npt.NDArray[np.float32]

SAMPLE_RATE = 44_100
N_FFT, HOP_LENGTH, N_MELS = 2048, 512, 96
WIDTH, HEIGHT = 480, 128


def picture(waveform: Float32) -> bytes:
    """Return the mel spectrogram of a stretch as a PNG file, time to the right, low bands below.

    Parameters
    ----------
    waveform : ndarray of float32, shape (samples,)
        At 44.1 kHz; what is shorter than a frame gets zeros at its end.

    Returns
    -------
    bytes
        480 x 128 pixels, whatever the length; the lightest colour is the largest value, the darkest
        60 dB below and less.
    """
    padded = np.pad(waveform, (0, max(0, N_FFT - len(waveform))))
    spectrogram = extract(
        "mel", padded, sample_rate=SAMPLE_RATE, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS
    )
    grey = thumbnail(spectrogram, width=WIDTH, height=HEIGHT)
    image = Image.fromarray(grey)
    image.putpalette(_colours())
    file = io.BytesIO()
    image.save(file, "png")
    return file.getvalue()


@functools.cache
def _colours() -> bytes:
    colours = np.asarray(seaborn.color_palette(SEQUENTIAL, 256))
    return (colours * 255).round().astype(np.uint8).tobytes()
