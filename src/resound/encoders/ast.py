"""AST: the audio spectrogram transformer (Gong et al., Interspeech 2021), by transformers."""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from resound.encoders import kaldi
from resound.encoders.encoder import N_TAGS, Encoder, of_modules
from resound.encoders.folder import load_model, read_head, read_json
from resound.encoders.tensors import check_keys, check_shapes
from resound.encoders.weights import locate
from resound.errors import CheckpointError
from resound.registry import ENCODERS

# What the names of the classifier's tensors begin with.
HEAD = "classifier."
SETTINGS = ("max_length", "mean", "num_mel_bins", "std")


@ENCODERS.register("ast", sample_rate=16000, tags=True)
def load(weights: Mapping[str, Any], *, name: str = "ast") -> "Ast":
    """Load AST from a folder in transformers' form, or from the hub.

    Parameters
    ----------
    weights : mapping
        `source`, and perhaps `revision` and `sha256`: see `resound.encoders.weights.locate`.
    name : str
        Of the encoder in the config, for messages.

    Returns
    -------
    Ast
        In evaluation mode, on the CPU.

    Raises
    ------
    CheckpointError
        When the weights are absent, damaged, or those of another model.
    """
    return Ast.from_folder(locate(name, weights))


class Ast(Encoder):
    """AST; its embedding of a clip is the mean of the two class tokens.

    Parameters
    ----------
    model : transformers.ASTModel
        Without a classifier.
    settings : mapping
        ``preprocessor_config.json``, which says what its log-mel frames are.
    head : mapping of str to Tensor, each of any shape
        Its classifier: ``layernorm`` and ``dense``, each with ``weight`` and ``bias``. Empty: none.
    """

    has_tags = True
    minimum = kaldi.FRAME_LENGTH

    def __init__(self, model: Any, settings: Mapping[str, Any], head: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.model = model
        self.n_classes = head["dense.bias"].numel() if "dense.bias" in head else 0
        known = self.n_classes == N_TAGS
        self.classifier = _classifier(head, model.config) if known else nn.Identity()
        self.sample_rate = kaldi.SAMPLE_RATE
        self.dimension = model.config.hidden_size
        self.n_frames, self.n_mels = settings["max_length"], settings["num_mel_bins"]
        self.mean, self.std = settings["mean"], settings["std"]
        self.eval()

    @classmethod
    def from_folder(cls, folder: Path) -> "Ast":
        """Return AST from a folder in transformers' form, that of a classifier too."""
        model = load_model(folder, "ASTConfig", "ASTModel", ignored=(HEAD,))
        path = folder / "preprocessor_config.json"
        settings = read_json(path, SETTINGS)
        wrong = [name for name in SETTINGS if type(settings[name]) not in (int, float)]
        if wrong:
            raise CheckpointError(
                f"{path}: {wrong[0]}={settings[wrong[0]]!r} must be a number; download it again"
            )
        try:
            return cls(model, settings, read_head(folder, HEAD))
        except CheckpointError as error:
            raise CheckpointError(f"{folder}: {error}") from error

    def frames(self, waveforms: Tensor) -> Tensor:
        """Return the log-mel frames that AST reads, as its extractor makes them.

        They are cut to the frames that the model knows positions for, or followed by zeros, and
        then normalised: zeros become 0.467.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, samples)
            At 16 kHz, in [-1, 1].

        Returns
        -------
        Tensor, shape (clips, n_frames, n_mels)
            float32.
        """
        x = kaldi.fbank(waveforms, n_mels=self.n_mels, window="hann")[:, : self.n_frames]
        x = nn.functional.pad(x, (0, 0, 0, self.n_frames - x.shape[1]))
        normalised: Tensor = (x - self.mean) / (2 * self.std)
        return normalised

    def embed_clips(
        self, waveforms: Tensor, masked: float, generator: torch.Generator | None
    ) -> Tensor:
        """Return the mean of the class tokens after the last normalisation.

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
            float32.
        """
        embedded: Tensor = self.model(self.frames(waveforms)).pooler_output
        return embedded

    def tag_logits(self, waveforms: Tensor) -> Tensor:
        """Return the logits of the published classifier.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, samples)
            Mono, at `sample_rate`, in [-1, 1].

        Returns
        -------
        Tensor, shape (clips, 527)

        Raises
        ------
        CheckpointError, ParameterError
            As `Encoder.tag_logits`.
        """
        self.check_tags(self.n_classes)
        logits: Tensor = self.classifier(self.embed(waveforms))
        return logits

    def layer_groups(self) -> list[list[nn.Parameter]]:
        """Return the patches, the layers one by one, and the last normalisation."""
        layers = [[*of_modules(layer)] for layer in self.model.layers]
        return [[*of_modules(self.model.embeddings)], *layers, [*of_modules(self.model.layernorm)]]


def _classifier(state: Mapping[str, Tensor], config: Any) -> nn.Sequential:
    """Return the published classifier on the embedding; CheckpointError."""
    n = config.hidden_size
    layers = {
        "layernorm": nn.LayerNorm(n, eps=config.layer_norm_eps),
        "dense": nn.Linear(n, N_TAGS),
    }
    head = nn.Sequential(OrderedDict(layers))
    own = head.state_dict()
    check_keys("classifier", own.keys() - state.keys(), state.keys() - own.keys())
    check_shapes("classifier", state, own)
    head.load_state_dict(dict(state))
    return head
