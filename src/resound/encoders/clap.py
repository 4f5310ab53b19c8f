"""CLAP: clips and sentences in one space (Wu et al., ICASSP 2023), by transformers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from resound.encoders.encoder import Encoder, of_modules
from resound.encoders.folder import load_model, load_processor, load_tokenizer
from resound.encoders.weights import locate
from resound.errors import CheckpointError, ParameterError
from resound.registry import ENCODERS

NAME = "{name}"
DEFAULT_PROMPTS = ("This is a sound of {name}.",)
# What transformers adds under the logarithm of powers.
POWER_FLOOR = 1e-10


@ENCODERS.register("clap", sample_rate=48000, text=True, text_options=["prompts"])
def load(
    weights: Mapping[str, Any], *, name: str = "clap", prompts: Sequence[str] = DEFAULT_PROMPTS
) -> "Clap":
    """Load CLAP from a folder in transformers' form, or from the hub.

    Parameters
    ----------
    weights : mapping
        `source`, and perhaps `revision` and `sha256`: see `resound.encoders.weights.locate`.
    name : str
        Of the encoder in the config, for messages.
    prompts : sequence of str
        Sentences with ``{name}``, in whose place the name of a class is put; of several, a class
        has the mean of their embeddings.

    Returns
    -------
    Clap
        In evaluation mode, on the CPU.

    Raises
    ------
    CheckpointError
        When the weights are absent, damaged, or those of another or of the fused model.
    ParameterError
        When a prompt has no ``{name}``.
    """
    return Clap.from_folder(locate(name, weights), prompts=prompts)


class Clap(Encoder):
    """CLAP's two towers.

    Its embedding of a clip is normalised already, as transformers gives it; the gradient flows from
    the embedding to the log-mel frames, which are computed from the waveforms without one.

    Parameters
    ----------
    model : transformers.ClapModel
        The unfused model.
    extractor : transformers.ClapFeatureExtractor
        Its settings are those of the log-mel frames.
    tokenizer : transformers.PreTrainedTokenizerBase
        Of the sentences.
    prompts : sequence of str
        As `load`.

    Attributes
    ----------
    filters : Tensor, shape (1 + n_fft // 2, bands)
        Slaney's mel filters.
    window : Tensor, shape (n_fft,)
        Periodic Hann window, float64.
    """

    has_text = True
    minimum = 1
    filters: Tensor
    window: Tensor

    def __init__(self, model: Any, extractor: Any, tokenizer: Any, prompts: Sequence[str]) -> None:
        super().__init__()
        _check_prompts(prompts)
        self.model, self.tokenizer, self.prompts = model, tokenizer, tuple(prompts)
        self.logit_scale = model.logit_scale_a.detach().exp().item()
        self.sample_rate = extractor.sampling_rate
        self.dimension = model.config.projection_dim
        self.longest = extractor.nb_max_samples
        self.n_fft, self.hop_length = extractor.fft_window_size, extractor.hop_length
        filters = torch.from_numpy(extractor.mel_filters_slaney)
        self.register_buffer("filters", filters, persistent=False)
        window = torch.hann_window(self.n_fft, dtype=torch.float64)
        self.register_buffer("window", window, persistent=False)
        self.eval()

    @classmethod
    def from_folder(cls, folder: Path, *, prompts: Sequence[str] = DEFAULT_PROMPTS) -> "Clap":
        """Return CLAP from a folder in transformers' form; see `load`."""
        model = load_model(folder, "ClapConfig", "ClapModel")
        extractor = load_processor(folder, "ClapFeatureExtractor")
        if model.config.audio_config.enable_fusion or extractor.truncation == "fusion":
            raise CheckpointError(
                f"{folder}: is a fused CLAP, which treats one clip of each batch, chosen at "
                "random, differently; use an unfused one such as laion/clap-htsat-unfused"
            )
        return cls(model, extractor, load_tokenizer(folder), prompts)

    def mel(self, waveforms: Tensor) -> Tensor:
        """Return the log-mel frames that the audio tower reads, as CLAP's extractor does.

        A clip of more than ten seconds is cut to its middle; a shorter one is repeated as often
        as it fits, and followed by zeros.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, samples)
            Mono, at `sample_rate`, in [-1, 1].

        Returns
        -------
        Tensor, shape (clips, 1, frames, bands)
            Decibels, float32.
        """
        x = _fill(waveforms, self.longest)
        with torch.no_grad(), torch.autocast(x.device.type, enabled=False):
            # In 64 bits, as the extractor: what is 100 dB below the peak would be noise in 32.
            window = self.window.double()
            spectrum = torch.stft(
                x.double(), self.n_fft, self.hop_length, window=window, return_complex=True
            )
            power = torch.view_as_real(spectrum).square().sum(-1)
            bands = power.transpose(1, 2) @ self.filters.double()
            return bands.clamp_min(POWER_FLOOR).log10().mul(10.0).float()[:, None]

    def embed_clips(
        self, waveforms: Tensor, masked: float, generator: torch.Generator | None
    ) -> Tensor:
        """Return the projected output of the audio tower.

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
            Each row of norm 1.
        """
        return features_of(self.model.get_audio_features(input_features=self.mel(waveforms)))

    def embed_text(self, texts: Sequence[str]) -> Tensor:
        """Return the embeddings of sentences.

        Parameters
        ----------
        texts : sequence of str
            Sentences.

        Returns
        -------
        Tensor, shape (n_texts, dimension)
            float32, each row of Euclidean norm 1.
        """
        tokens = self.tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        device = self.model.logit_scale_a.device
        output = self.model.get_text_features(
            input_ids=tokens["input_ids"].to(device),
            attention_mask=tokens["attention_mask"].to(device),
        )
        return functional.normalize(features_of(output).float(), dim=-1)

    def embed_classes(self, names: Sequence[str]) -> Tensor:
        """Return the embeddings of classes by their names.

        Underscores of a name are read as spaces. Of several prompts, the embeddings are averaged
        and the mean is normalised.

        Parameters
        ----------
        names : sequence of str
            Names of classes.

        Returns
        -------
        Tensor, shape (n_names, dimension)
            float32, each row of Euclidean norm 1.
        """
        words = [name.replace("_", " ") for name in names]
        sentences = [prompt.replace(NAME, word) for prompt in self.prompts for word in words]
        embedded = self.embed_text(sentences).view(len(self.prompts), len(words), -1)
        return functional.normalize(embedded.mean(0), dim=-1)

    def layer_groups(self) -> list[list[nn.Parameter]]:
        """Return the audio tower's patches, its blocks one by one, and its projection."""
        tower = self.model.audio_model.audio_encoder
        groups = [[*of_modules(tower.patch_embed, tower.batch_norm)]]
        for stage in tower.layers:
            groups += [[*of_modules(block)] for block in stage.blocks]
            if stage.downsample is not None:
                groups[-1] += of_modules(stage.downsample)
        return [*groups, [*of_modules(tower.norm, self.model.audio_projection)]]

    def frozen_parts(self) -> list[nn.Module]:
        """Return the normalisation of the input, whose statistics small batches would spoil."""
        return [self.model.audio_model.audio_encoder.batch_norm]


def features_of(output: Any) -> Tensor:
    """Return the embeddings of what transformers returns.

    Parameters
    ----------
    output : Tensor or transformers.utils.ModelOutput
        The embeddings, or an output that holds them.

    Returns
    -------
    Tensor, shape (n, dimension)
    """
    features: Tensor = output if isinstance(output, Tensor) else output.pooler_output
    return features


def _fill(waveforms: Tensor, length: int) -> Tensor:
    samples = waveforms.shape[1]
    if samples >= length:
        start = (samples - length) // 2
        return waveforms[:, start : start + length]
    repeated = waveforms.repeat(1, length // samples)
    return functional.pad(repeated, (0, length - repeated.shape[1]))


def _check_prompts(prompts: Sequence[str]) -> None:
    if isinstance(prompts, str) or not prompts:
        raise ParameterError(f"prompts={prompts!r} must be a list of sentences with {NAME}")
    for prompt in prompts:
        if NAME not in prompt:
            raise ParameterError(
                f"prompts: {prompt!r} has no {NAME}, in whose place the name of a class is put"
            )
