"""BEATs: a transformer over patches of a log-mel spectrogram (Chen et al., ICML 2023)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from resound.encoders import kaldi
from resound.encoders.beats_checkpoint import Parts, read_parts, write_parts
from resound.encoders.beats_network import BeatsConfig, Transformer
from resound.encoders.encoder import Encoder, of_modules
from resound.encoders.tensors import check_keys, check_shapes, without_memory
from resound.encoders.weights import checked, locate
from resound.errors import CheckpointError, ParameterError
from resound.registry import ENCODERS

# Waveforms are read as 16-bit integers; the log-mels' mean and deviation on AudioSet, as published.
FULL_SCALE = 2**15
FBANK_MEAN = 15.41663
FBANK_STD = 6.55582
N_MELS = 128


@ENCODERS.register("beats", sample_rate=16000, masked=True)
def load(
    weights: Mapping[str, Any], *, name: str = "beats", layerdrop: float | None = None
) -> "Beats":
    """Load BEATs from a published checkpoint or from one of our own.

    Parameters
    ----------
    weights : mapping
        `source`, and perhaps `revision` and `sha256`: see `resound.encoders.weights.locate`.
    name : str
        Of the encoder in the config, for messages.
    layerdrop : float, optional
        Probability of leaving out each layer in a step of training; None: the checkpoint's.

    Returns
    -------
    Beats
        In evaluation mode, on the CPU.

    Raises
    ------
    CheckpointError
        When the weights are absent, damaged or not those of BEATs.
    """
    network = Beats.read(locate(name, weights))
    if layerdrop is not None:
        network.set_layerdrop(layerdrop)
    return network


def fbank(waveform: Tensor) -> Tensor:
    """Return the log-mel frames that BEATs reads, before they are normalised.

    Parameters
    ----------
    waveform : Tensor, shape (..., samples)
        At 16 kHz, in [-1, 1].

    Returns
    -------
    Tensor, shape (..., frames, 128)
        Natural logarithm of power, -15.94 for silence.
    """
    return kaldi.fbank(waveform * FULL_SCALE, n_mels=N_MELS)


class Beats(Encoder):
    """The BEATs network; its embedding of a clip is the mean of its tokens.

    Parameters
    ----------
    cfg : BeatsConfig
        Its sizes.

    Attributes
    ----------
    label_dict : dict of int to str
        What the classes of a fine-tuned model are called; empty without.
    """

    sample_rate = kaldi.SAMPLE_RATE
    can_mask = True

    def __init__(self, cfg: BeatsConfig) -> None:
        super().__init__()
        self.cfg = cfg
        self.label_dict: dict[int, str] = {}
        self.dimension = cfg.encoder_embed_dim
        frames = cfg.input_patch_size - 1
        self.minimum = kaldi.FRAME_LENGTH + frames * kaldi.HOP_LENGTH
        patch = cfg.input_patch_size
        self.patch_embedding = nn.Conv2d(1, cfg.embed_dim, patch, patch, bias=cfg.conv_bias)
        self.layer_norm = nn.LayerNorm(cfg.embed_dim)
        self.post_extract_proj = (
            nn.Linear(cfg.embed_dim, self.dimension) if cfg.embed_dim != self.dimension else None
        )
        self.dropout_input = nn.Dropout(cfg.dropout_input)
        self.encoder = Transformer(cfg)
        self.predictor_dropout = nn.Dropout(cfg.predictor_dropout)
        classes = cfg.predictor_class
        self.predictor = nn.Linear(self.dimension, classes) if classes else None

    @classmethod
    def from_parts(cls, cfg: Mapping[str, Any], state_dict: Mapping[str, Tensor]) -> "Beats":
        """Return the network of a checkpoint's two parts, in evaluation mode.

        Parameters
        ----------
        cfg : mapping
            The sizes.
        state_dict : mapping of str to Tensor, each of any shape
            Under the official names. The table of biases stands in every layer, or in the first.

        Raises
        ------
        CheckpointError
            When keys are missing or unexpected (all are listed), or a shape is another.
        """
        config = BeatsConfig.from_dict(cfg)
        cls._without_memory(config, len(state_dict)).filled(state_dict)
        network = cls(config)
        network.take(state_dict)
        return network.eval()

    @classmethod
    def _without_memory(cls, config: BeatsConfig, n_tensors: int) -> "Beats":
        """Return the network that a cfg describes as shapes alone, whatever sizes it claims."""

        def build() -> Beats:
            if config.encoder_layers > n_tensors:
                raise ValueError(f"encoder_layers={config.encoder_layers} of {n_tensors} tensors")
            return cls(config)

        return without_memory(build, "cfg describes no network of BEATs")

    @classmethod
    def from_checkpoint(cls, path: str | Path, *, sha256: str | None = None) -> "Beats":
        """Return the network of an official ``.pt`` file, or of a folder that `save` wrote.

        Parameters
        ----------
        path : path
            The file or the folder.
        sha256 : str, optional
            Digest that the file must have; None: the published one, for a file of that name.

        Raises
        ------
        CheckpointError
            When it is no checkpoint of BEATs, is damaged, or holds more than tensors.
        """
        return cls.read(checked(path, "beats", sha256=sha256))

    @classmethod
    def read(cls, path: Path) -> "Beats":
        """Return the network of a file or folder that has been checked; CheckpointError."""
        parts = read_parts(path)
        try:
            network = cls.from_parts(parts.cfg, parts.state_dict)
        except CheckpointError as error:
            raise CheckpointError(f"{path}: {error}") from error
        network.label_dict = dict(parts.label_dict)
        return network

    def set_layerdrop(self, share: float) -> None:
        """Set the probability of leaving out each layer in a step of training, 0 up to 1."""
        if not 0 <= share < 1:
            raise ParameterError(f"layerdrop={share!r} must be a share from 0 up to 1")
        self.encoder.layerdrop = share

    def save(self, folder: str | Path) -> None:
        """Write the network as ``model.safetensors`` and ``config.json`` into a folder."""
        parts = Parts(self.cfg.as_dict(), self.state_dict(), self.label_dict)
        write_parts(Path(folder), parts)

    def take(self, state_dict: Mapping[str, Tensor]) -> None:
        """Take all parameters from a state dict.

        Parameters
        ----------
        state_dict : mapping of str to Tensor, each of any shape
            Under the official names.

        Raises
        ------
        CheckpointError
            When keys are missing or unexpected, or a shape is another.
        """
        self.load_state_dict(self.filled(state_dict))

    def filled(self, state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return a state dict with the shared table in every layer, after the check of `take`.

        Parameters
        ----------
        state_dict : mapping of str to Tensor, each of any shape
            Under the official names.

        Returns
        -------
        dict of str to Tensor, each of any shape

        Raises
        ------
        CheckpointError
            As `take`.
        """
        own, given = self.state_dict(), dict(state_dict)
        table = "encoder.layers.{}.self_attn.relative_attention_bias.weight"
        for layer in range(1, self.cfg.encoder_layers):
            if table.format(0) in given:
                given.setdefault(table.format(layer), given[table.format(0)])
        check_keys("state_dict", own.keys() - given.keys(), given.keys() - own.keys())
        check_shapes("state_dict", given, own)
        return given

    def encode(
        self, waveforms: Tensor, padding_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return the tokens of clips, and which of them are padding.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, samples)
            At 16 kHz, in [-1, 1].
        padding_mask : Tensor of bool, shape (clips, samples), optional
            True for samples that fill a clip up. Clips that are all of one length need none.

        Returns
        -------
        tokens : Tensor, shape (clips, tokens, dimension)
            Eight tokens, by rising frequency, for each 16 frames. All NaN for a clip that is all
            padding.
        token_mask : Tensor of bool, shape (clips, tokens), or None
            True for tokens that are padding; None without `padding_mask`.

        Raises
        ------
        ParameterError
            For waveforms that `Encoder.check_waveforms` refuses, or a mask of another shape.

        Notes
        -----
        As in the official code, samples are mapped to frames, and these to tokens, by cutting both
        rows into equal stretches, where what is left over counts for nothing; so a clip that was
        filled up keeps a few tokens more or fewer than it has alone.
        """
        self.check_waveforms(waveforms)
        if padding_mask is not None and (
            padding_mask.shape != waveforms.shape or padding_mask.dtype != torch.bool
        ):
            raise ParameterError(
                f"padding_mask of shape {tuple(padding_mask.shape)} and {padding_mask.dtype} must "
                f"be bool of the waveforms' shape, {tuple(waveforms.shape)}"
            )
        frames = fbank(waveforms.float())
        patches = self._patches(frames)
        if padding_mask is None:
            return self._transform(patches, None), None
        token_mask = _shorten(_shorten(padding_mask, frames.shape[1]), patches.shape[1])
        tokens = self._transform(patches, token_mask)
        nothing = token_mask.all(dim=1)[:, None, None]
        return tokens.masked_fill(nothing, float("nan")), token_mask

    def logits(self, waveforms: Tensor, padding_mask: Tensor | None = None) -> Tensor:
        """Return a fine-tuned model's logits, before the sigmoid.

        They are the mean of the logits of all tokens that are not padding.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, samples)
            At 16 kHz, in [-1, 1].
        padding_mask : Tensor of bool, shape (clips, samples), optional
            As in `encode`.

        Returns
        -------
        Tensor, shape (clips, n_classes)

        Raises
        ------
        ParameterError
            When the model was not fine-tuned, and as `encode`.
        """
        if self.predictor is None:
            raise ParameterError(
                "this model was not fine-tuned and has no classes; load a cpt file"
            )
        tokens, token_mask = self.encode(waveforms, padding_mask)
        return mean_token(self.predictor(self.predictor_dropout(tokens)), token_mask)

    def embed_clips(
        self, waveforms: Tensor, masked: float, generator: torch.Generator | None
    ) -> Tensor:
        """Return the mean of the tokens, or of those that are not masked.

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
        patches = self._patches(fbank(waveforms))
        mask = None
        if generator is not None and masked:
            mask = choose_tokens(patches.shape[0], patches.shape[1], masked, generator).to(
                patches.device
            )
        return mean_token(self._transform(patches, mask), mask)

    def layer_groups(self) -> list[list[nn.Parameter]]:
        """Return what comes before the layers, the shared biases with it, then each layer."""
        layers = list(self.encoder.layers)
        inside = {id(p) for layer in layers for p in layer.parameters()}
        shared = {id(p) for p in self.encoder.table[0].parameters()}
        head = set() if self.predictor is None else {id(p) for p in self.predictor.parameters()}
        first = [p for p in self.parameters() if id(p) not in inside - shared | head]
        rest = [[p for p in of_modules(layer) if id(p) not in shared] for layer in layers]
        return [first, *rest]

    def _patches(self, frames: Tensor) -> Tensor:
        """Return the patches (clips, tokens, embed_dim) of log-mel frames, normalised."""
        x = (frames - FBANK_MEAN) / (2 * FBANK_STD)
        patches: Tensor = self.patch_embedding(x[:, None]).flatten(2).transpose(1, 2)
        normalised: Tensor = self.layer_norm(patches)
        return normalised

    def _transform(self, patches: Tensor, mask: Tensor | None) -> Tensor:
        """Return the tokens (clips, tokens, dimension) of patches; masked ones are left out."""
        x = patches if self.post_extract_proj is None else self.post_extract_proj(patches)
        tokens: Tensor = self.encoder(self.dropout_input(x), mask)
        return tokens


def mean_token(tokens: Tensor, mask: Tensor | None) -> Tensor:
    """Return the mean of the tokens of each clip, without the masked ones.

    Parameters
    ----------
    tokens : Tensor, shape (clips, n_tokens, dimension)
        Of the transformer.
    mask : Tensor of bool, shape (clips, n_tokens), or None
        True for tokens that do not count.

    Returns
    -------
    Tensor, shape (clips, dimension)
    """
    if mask is None:
        return tokens.mean(dim=1)
    kept = ~mask[..., None]
    return tokens.masked_fill(~kept, 0.0).sum(dim=1) / kept.sum(dim=1)


def choose_tokens(clips: int, tokens: int, share: float, generator: torch.Generator) -> Tensor:
    """Return a mask with the same number of True in every clip.

    Parameters
    ----------
    clips, tokens : int
        The size of the mask.
    share : float
        Share of the tokens to mask, rounded to whole tokens; at least one token is left.
    generator : torch.Generator
        Chooses the tokens.

    Returns
    -------
    Tensor of bool, shape (clips, tokens)
    """
    count = min(round(share * tokens), tokens - 1)
    order = torch.rand(clips, tokens, generator=generator).argsort(dim=1)
    return torch.zeros(clips, tokens, dtype=torch.bool).scatter_(1, order[:, :count], True)


def _shorten(mask: Tensor, length: int) -> Tensor:
    """Cut a mask (clips, n) into `length` equal stretches; one is True where all of it is."""
    step = mask.shape[1] // length
    return mask[:, : step * length].view(len(mask), length, step).all(dim=2)
