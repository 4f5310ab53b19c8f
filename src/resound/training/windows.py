"""Windows of clips: their places in a clip, and what an encoder as published makes of each."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from resound import store
from resound.encoders.encoder import Encoder
from resound.errors import ParameterError, check_positive_int
from resound.training.encoding import Float32, batches_over, load_encoder


def encode_windows(
    spec: Mapping[str, Any],
    *,
    encoder: Mapping[str, Any],
    waveforms: store.AnyPath,
    bank: store.AnyPath,
) -> None:
    """Store the embeddings of windows of all clips by an encoder as it was published, as a bank.

    Sets torch's number of threads to the encoder's.

    Parameters
    ----------
    spec : mapping
        As `resound.experiment.specs.windows` makes it.
    encoder : mapping
        Where its weights are: a block ``weights`` of the config.
    waveforms : path
        Decoded clips at its sample rate.
    bank : path
        The embeddings (clips, windows, dimension), written batch by batch.
    """
    torch.set_num_threads(spec["encoder"]["threads"])
    audio = store.open_array(waveforms, spec=spec["audio"])
    loaded = load_encoder(spec["encoder"], encoder)
    cut = Windows(loaded, audio.values.shape[1], **spec["windows"])
    shape = (len(audio.values), len(cut.starts), loaded.dimension)
    with store.create_array(bank, shape, "float32", spec=spec, ids=audio.ids) as array:
        for rows, (made,) in batches_over(loaded, cut.embed, audio.values):
            array[rows] = made


def windows_of(
    encoder: Encoder, waveforms: npt.NDArray[Any], *, seconds: float, hop: float
) -> Float32:
    """Return the embeddings of windows of all clips.

    Parameters
    ----------
    encoder : Encoder
        Is moved to a GPU where there is one.
    waveforms : ndarray, shape (clips, samples)
        Mono, at the encoder's sample rate, in [-1, 1]; may be a memory map.
    seconds, hop : float
        As `Windows`.

    Returns
    -------
    ndarray, shape (clips, windows, dimension)
        In the order of the windows.

    Raises
    ------
    DataError
        When a number is not finite.
    ParameterError
        For windows that the encoder cannot read, as `Windows` says.
    """
    cut = Windows(encoder, waveforms.shape[1], seconds=seconds, hop=hop)
    return np.concatenate([made for _, (made,) in batches_over(encoder, cut.embed, waveforms)])


class Windows:
    r"""The windows of clips of one length, as an encoder hears them.

    With all lengths in samples, rounded from seconds, window :math:`i` of a clip :math:`x` is
    :math:`x[i h], \ldots, x[i h + w - 1]` for each :math:`i \ge 0` with :math:`i h + w` up to the
    length of the clip: the last one is the last that fits, and what is left behind it stands in
    none. A clip that is no longer than a window is one window, all of it, and is not padded.

    Parameters
    ----------
    encoder : Encoder
        Which embeds them.
    n_samples : int
        Of a clip.
    seconds : float
        Length :math:`w` of a window.
    hop : float
        From the start of a window to that of the next, :math:`h`, in seconds.

    Raises
    ------
    ParameterError
        When a window has fewer samples than the encoder can read, or the hop is not one sample.
    """

    def __init__(self, encoder: Encoder, n_samples: int, *, seconds: float, hop: float) -> None:
        rate, name = encoder.sample_rate, type(encoder).__name__
        self.encoder = encoder
        self.length = min(n_samples, round(seconds * rate))
        if self.length < encoder.minimum:
            raise ParameterError(
                f"windows.seconds={seconds!r}: windows of {self.length} samples are shorter than "
                f"the {encoder.minimum} ({encoder.minimum / rate} s at {rate} Hz) that {name} "
                "needs; make them, or the clips that they are cut from, longer"
            )
        step = check_positive_int("windows.hop", round(hop * rate), "samples")
        self.starts = range(0, n_samples - self.length + 1, step)

    def embed(self, waveforms: Tensor) -> list[Tensor]:
        """Return one tensor: what the encoder makes of every window, one window at a time.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, n_samples)
            Mono, at the encoder's sample rate, in [-1, 1].

        Returns
        -------
        list of Tensor, shape (clips, windows, dimension)
        """
        cut = (waveforms[:, start : start + self.length] for start in self.starts)
        return [torch.stack([self.encoder.embed(window) for window in cut], dim=1)]
