"""EfficientAT: MobileNets that learned AudioSet's tags from transformers (Schmid et al., 2023).

F. Schmid, K. Koutini and G. Widmer, "Efficient large-scale audio tagging via transformer-to-CNN
knowledge distillation", ICASSP 2023. The weights are F. Schmid's, published under the MIT licence
as release files of https://github.com/fschmid56/EfficientAT.
"""

import copy
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from resound.encoders import kaldi
from resound.encoders.efficientat_checkpoint import (
    Sizes,
    read_checkpoint,
    sizes_of,
    write_checkpoint,
)
from resound.encoders.efficientat_network import class_layers, dimension_at, feature_layers
from resound.encoders.encoder import Encoder, of_modules
from resound.encoders.tensors import check_finite, check_keys, check_shapes, without_memory
from resound.encoders.weights import checked, locate
from resound.errors import CheckpointError
from resound.registry import ENCODERS

SAMPLE_RATE = 32000
PRE_EMPHASIS = 0.97
N_FFT = 1024
WINDOW_LENGTH = 800
HOP_LENGTH = 320
N_MELS = 128
HIGHEST_HZ = 15000.0
# Powers are raised by it before the logarithm, which is then brought near to 0, as published.
POWER_OFFSET = 1e-5
LOG_OFFSET = 4.5
LOG_SCALE = 5.0


@ENCODERS.register("efficientat", sample_rate=32000, tags=True, own_layer=True)
def load(weights: Mapping[str, Any], *, name: str = "efficientat") -> "EfficientAT":
    """Load EfficientAT from a published checkpoint or from one of our own.

    Parameters
    ----------
    weights : mapping
        `source`, and perhaps `sha256`: see `resound.encoders.weights.locate`.
    name : str
        Of the encoder in the config, for messages.

    Returns
    -------
    EfficientAT
        In evaluation mode, on the CPU.

    Raises
    ------
    CheckpointError
        When the weights are absent, damaged or not those of EfficientAT.
    """
    return EfficientAT.read(locate(name, weights))


def log_mel(waveforms: Tensor) -> Tensor:
    r"""Return the log-mel frames that EfficientAT reads.

    Waveforms are pre-emphasised, :math:`x_i - 0.97 x_{i-1}` from the second sample on, and cut
    into frames of 1024 samples, 320 apart and centred, with the ends reflected; of each the middle
    800 samples are seen through a symmetric Hann window. The power of the Fourier transform is
    summed in 128 triangles on Kaldi's mel scale from 0 to 15 kHz; of the sum p the result is
    :math:`(\ln(p + 10^{-5}) + 4.5) / 5`.

    Parameters
    ----------
    waveforms : Tensor, shape (clips, samples)
        At 32 kHz, in [-1, 1]; 514 samples or more.

    Returns
    -------
    Tensor, shape (clips, 128, n_frames)
        ``1 + (samples - 1) // 320`` frames, in the dtype of `waveforms`; 64-bit for a test, 32-bit
        for work.
    """
    # Half precision would lose what the logarithm is about to show.
    with torch.autocast(waveforms.device.type, enabled=False):
        emphasised = waveforms[:, 1:] - PRE_EMPHASIS * waveforms[:, :-1]
        spectrum = torch.stft(
            emphasised,
            N_FFT,
            HOP_LENGTH,
            WINDOW_LENGTH,
            window=_window().to(emphasised),
            return_complex=True,
        )
        power = torch.view_as_real(spectrum).square().sum(-1)
        bands = kaldi.triangles(
            N_MELS, n_fft=N_FFT, sample_rate=SAMPLE_RATE, low=0.0, high=HIGHEST_HZ
        )
        logarithm = (bands.to(power).T @ power + POWER_OFFSET).log()
        return (logarithm + LOG_OFFSET) / LOG_SCALE


@functools.cache
def _window() -> Tensor:
    return torch.hann_window(WINDOW_LENGTH, periodic=False, dtype=torch.float64)


class EfficientAT(Encoder):
    """The network; its embedding of a clip is the mean of its last channels over bands and time.

    Its normalisations keep their statistics in training: those of a few clips would spoil them.

    Parameters
    ----------
    sizes : Sizes
        Its width, and how many classes it knows.
    """

    sample_rate = SAMPLE_RATE
    has_tags = True
    # The ends are reflected by half a frame, after pre-emphasis.
    minimum = N_FFT // 2 + 2

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.dimension = dimension_at(sizes.width)
        self.features = feature_layers(sizes.width)
        self.classifier = class_layers(*sizes)
        # Convolutions of few channels are trained half again as fast when these stand together.
        cast(Any, self).to(memory_format=torch.channels_last)

    @classmethod
    def from_checkpoint(cls, path: str | Path, *, sha256: str | None = None) -> "EfficientAT":
        """Return the network of a published ``.pt`` file, or of a folder that `save` wrote.

        Parameters
        ----------
        path : path
            The file or the folder.
        sha256 : str, optional
            Digest that the file must have; None: the published one, for a file of that name.

        Raises
        ------
        CheckpointError
            When it is no checkpoint of EfficientAT, is damaged, or holds more than tensors.
        """
        return cls.read(checked(path, "efficientat", sha256=sha256))

    @classmethod
    def read(cls, path: Path) -> "EfficientAT":
        """Return the network of a file or folder that has been checked; CheckpointError."""
        state = read_checkpoint(path)
        try:
            return cls.from_state(state)
        except CheckpointError as error:
            raise CheckpointError(f"{path}: {error}") from error

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> "EfficientAT":
        """Return the network of a state dict, in evaluation mode.

        Parameters
        ----------
        state : mapping of str to Tensor, each of any shape
            Under the published names.

        Raises
        ------
        CheckpointError
            When it is of another network: keys are missing or unexpected, a shape is another, or
            numbers are not finite.
        """
        sizes = sizes_of(state)
        network = without_memory(lambda: cls(sizes), f"{sizes} are those of no EfficientAT")
        own = network.state_dict()
        check_keys("state_dict", own.keys() - state.keys(), state.keys() - own.keys())
        check_shapes("state_dict", state, own)
        check_finite("state_dict", state)
        taken = {
            name: torch.empty_like(own[name], device="cpu").copy_(value)
            for name, value in state.items()
        }
        network.load_state_dict(taken, assign=True)
        return network.eval()

    def save(self, folder: str | Path) -> None:
        """Write the network as ``model.safetensors`` into a folder."""
        write_checkpoint(Path(folder), self.state_dict())

    def logits(self, waveforms: Tensor) -> Tensor:
        """Return the logits of the network's own classes, before the sigmoid.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, samples)
            Mono, at `sample_rate`, in [-1, 1].

        Returns
        -------
        Tensor, shape (clips, n_classes)
            Of the published networks, in the order of AudioSet's list of 527 classes.

        Raises
        ------
        ParameterError
            For waveforms that `Encoder.check_waveforms` refuses.
        """
        self.check_waveforms(waveforms)
        logits: Tensor = self.classifier(self._channels(waveforms.float()))
        return logits

    def tag_logits(self, waveforms: Tensor) -> Tensor:
        """Return `logits`, of a network that has AudioSet's classes.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, samples)
            As `logits` takes them.

        Returns
        -------
        Tensor, shape (clips, 527)

        Raises
        ------
        CheckpointError, ParameterError
            As `Encoder.tag_logits`.
        """
        self.check_tags(self.sizes.n_classes)
        return self.logits(waveforms)

    def embed_clips(
        self, waveforms: Tensor, masked: float, generator: torch.Generator | None
    ) -> Tensor:
        """Return the mean of the last channels.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, samples)
            Mono, at `sample_rate`, in [-1, 1].
        masked : float
            As in `embed`.
        generator : torch.Generator, optional
            As in `embed`.

        Returns
        -------
        Tensor, shape (clips, dimension)
        """
        embedded: Tensor = self.classifier[:2](self._channels(waveforms))
        return embedded

    def hidden_layer(self) -> nn.Sequential:
        """Return a copy of the layer that the logits of its classes are made of."""
        return copy.deepcopy(cast(nn.Sequential, self.classifier[2:4]))

    def layer_groups(self) -> list[list[nn.Parameter]]:
        """Return the first convolution, the blocks one by one, and the last convolution."""
        return [[*of_modules(layer)] for layer in self.features]

    def frozen_parts(self) -> list[nn.Module]:
        """Return all normalisations, whose statistics small batches would spoil."""
        return [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)]

    def _channels(self, waveforms: Tensor) -> Tensor:
        """Return the last channels (clips, dimension, bands, frames) of waveforms."""
        channels: Tensor = self.features(log_mel(waveforms)[:, None])
        return channels
