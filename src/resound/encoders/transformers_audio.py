"""Any audio model of the transformers library: wav2vec 2.0, HuBERT, AST, Whisper's encoder, ...

The model's own feature extractor makes its inputs from waveforms; an embedding is one of the
model's hidden states, pooled over its positions.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from resound.encoders.encoder import SHORTEST_SECONDS, Encoder
from resound.encoders.folder import load_any_model, load_processor
from resound.encoders.pooling import POOLINGS, pooled
from resound.encoders.weights import locate
from resound.errors import CheckpointError, ParameterError, check_choice
from resound.registry import ENCODERS


@ENCODERS.register("transformers")
def load(
    weights: Mapping[str, Any],
    *,
    name: str = "transformers",
    sample_rate: int,
    layer: int | None = None,
    pooling: str = "mean",
) -> "TransformersAudio":
    """Load an audio model from a folder in transformers' form, or from the hub.

    Parameters
    ----------
    weights : mapping
        `source`, and perhaps `revision` and `sha256`: see `resound.encoders.weights.locate`.
    name : str
        Of the encoder in the config, for messages.
    sample_rate : int
        That the model was trained at, Hz.
    layer : int, optional
        Hidden state that is pooled: 0 is the input of the first layer, 1 the output of the first,
        -1 that of the last, before a last normalisation; None: what the model returns.
    pooling : str
        Over positions: ``mean``, ``max``, or ``first``, the position of a class token.

    Returns
    -------
    TransformersAudio
        In evaluation mode, on the CPU.

    Raises
    ------
    CheckpointError
        When the weights are absent, damaged, or those of no model that reads sounds.
    ParameterError
        When the model reads another sample rate, or has no such layer or pooling.
    """
    folder = locate(name, weights)
    model = load_any_model(folder)
    extractor = load_processor(folder, "AutoFeatureExtractor")
    if getattr(extractor, "sampling_rate", sample_rate) != sample_rate:
        raise ParameterError(
            f"encoders.{name}.sample_rate: {sample_rate} Hz must be the "
            f"{extractor.sampling_rate} Hz that {folder} reads"
        )
    return TransformersAudio(audio_part(model, folder), extractor, sample_rate, layer, pooling)


class TransformersAudio(Encoder):
    """The audio part of a model of transformers.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        The part that reads sounds.
    extractor : transformers.SequenceFeatureExtractor
        Makes its inputs; no gradient flows to the waveforms.
    sample_rate : int
        That both read, Hz.
    layer : int, optional
        As `load`.
    pooling : str
        As `load`.

    Raises
    ------
    ParameterError
        When there is no such layer or pooling.
    """

    def __init__(
        self, model: Any, extractor: Any, sample_rate: int, layer: int | None, pooling: str
    ) -> None:
        super().__init__()
        check_choice("pooling", pooling, POOLINGS)
        self.model, self.extractor = model, extractor
        self.sample_rate, self.layer, self.pooling = sample_rate, layer, pooling
        self.minimum = math.ceil(SHORTEST_SECONDS * sample_rate)
        self.eval()
        with torch.inference_mode():
            self.dimension = self.embed_clips(torch.zeros(1, sample_rate), 0.0, None).shape[1]

    def embed_clips(
        self, waveforms: Tensor, masked: float, generator: torch.Generator | None
    ) -> Tensor:
        """Return a hidden state, pooled over the positions that the clip fills.

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
        inputs, (filled, every) = self._inputs(waveforms)
        states = self._states(inputs)
        return pooled(states[:, : -(-states.shape[1] * filled // every)], self.pooling)

    def layer_groups(self) -> list[list[nn.Parameter]]:
        """Return what comes before the layers, the layers one by one, and what comes after.

        Parameters that decide nothing of an embedding, those of layers after `layer` or of what
        only pre-training uses, are in no group.
        """
        layers = [list(layer.parameters()) for layer in _stack_of(self.model)]
        of_layers = {id(parameter) for layer in layers for parameter in layer}
        every = list(self.model.parameters())
        first = next(i for i, parameter in enumerate(every) if id(parameter) in of_layers)
        before = [p for p in every[:first] if id(p) not in of_layers]
        after = [p for p in every[first:] if id(p) not in of_layers]
        used = self._used()
        groups = ([p for p in group if id(p) in used] for group in (before, *layers, after))
        return [group for group in groups if group]

    def _used(self) -> set[int]:
        """Return the ids of the parameters that a gradient of an embedding reaches."""
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn(1, self.sample_rate, generator=generator)
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        with torch.enable_grad():
            total = self.embed_clips(noise.to(parameters[0].device), 0.0, None).sum()
        reached = torch.autograd.grad(total, parameters, allow_unused=True)
        return {id(p) for p, to in zip(parameters, reached, strict=True) if to is not None}

    def _inputs(self, waveforms: Tensor) -> tuple[dict[str, Tensor], tuple[int, int]]:
        """Return what the model reads; of how many steps the clips fill how many before padding."""
        clips = list(waveforms.detach().cpu().numpy())
        with torch.autocast(waveforms.device.type, enabled=False):
            made = self.extractor(
                clips,
                sampling_rate=self.sample_rate,
                return_tensors="pt",
                return_attention_mask=True,
            )
        mask = made.pop("attention_mask", None)
        filled = (1, 1) if mask is None else (int(mask[0].sum()), mask.shape[1])
        return {key: x.to(waveforms.device) for key, x in made.items() if x.ndim > 1}, filled

    def _states(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return hidden states (clips, positions, dimension); a map's positions one by one."""
        output = self.model(**inputs, output_hidden_states=self.layer is not None)
        states: Tensor = (
            output.last_hidden_state
            if self.layer is None
            else _state_at(self.layer, output.hidden_states)
        )
        return states.flatten(2).transpose(1, 2) if states.ndim == 4 else states


def audio_part(model: Any, folder: Path) -> Any:
    """Return the part of a model that reads sounds: its encoder, its audio tower, or all of it."""
    if getattr(model.config, "is_encoder_decoder", False):
        model = model.get_encoder()
    part = getattr(model, "audio_model", model)
    if part.main_input_name not in ("input_values", "input_features"):
        raise CheckpointError(
            f"{folder}: {type(model).__name__} reads {part.main_input_name}, not sounds; give the "
            "weights of an audio model"
        )
    return part


def _stack_of(model: nn.Module) -> nn.ModuleList:
    """Return the layers of a model: of its lists of modules, that with the most parameters."""
    stacks = [part for part in model.modules() if isinstance(part, nn.ModuleList)]
    return max(stacks, key=lambda stack: sum(p.numel() for p in stack.parameters()))


def _state_at(layer: int, states: Sequence[Tensor]) -> Tensor:
    """Return the hidden state of a layer; raise ParameterError where there is none."""
    count = len(states)
    if not -count <= layer < count:
        raise ParameterError(
            f"layer={layer!r} must lie in {-count} to {count - 1}: the model has {count} hidden "
            "states"
        )
    return states[layer]
