"""Encoder: what all pretrained networks that embed clips have in common."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from resound.errors import CheckpointError, ParameterError

# The classes of AudioSet's list, whose order is that of a network's tags.
N_TAGS = 527
# A frame of speech: what networks of others need at least, to have one position to pool.
SHORTEST_SECONDS = 0.025


class Encoder(nn.Module):
    """A pretrained network that makes one embedding of each clip, from its waveform.

    A subclass sets the attributes and writes `embed_clips` and `layer_groups`; one with text
    writes `embed_text`, one with tags `tag_logits`.

    Attributes
    ----------
    sample_rate : int
        Of the waveforms it reads, Hz.
    dimension : int
        Numbers of an embedding.
    minimum : int
        Samples of the shortest clip that it can read.
    has_text : bool
        Whether it embeds texts into the same space as clips.
    has_tags : bool
        Whether its published networks know AudioSet's classes.
    can_mask : bool
        Whether it can embed a clip from a part of its patch tokens.
    logit_scale : float
        With text: what cosine similarities are multiplied by before a softmax over the texts.
    """

    sample_rate: int
    dimension: int
    minimum: int
    has_text = False
    has_tags = False
    can_mask = False
    logit_scale = 1.0

    def embed(
        self,
        waveforms: Tensor,
        *,
        masked: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return the embeddings of clips, not normalised, differentiable by the parameters.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, samples)
            Mono, at `sample_rate`, in [-1, 1].
        masked : float
            Share of every clip's patch tokens that is set to zero and left out of attention and
            mean, 0 up to 1; only where `can_mask`.
        generator : torch.Generator, optional
            Chooses the masked tokens; on the CPU. Needed where `masked` is more than 0.

        Returns
        -------
        Tensor, shape (clips, dimension)
            float32, on the waveforms' device.

        Raises
        ------
        ParameterError
            When the waveforms are not (clips, samples) of finite floats, when they are shorter than
            `minimum`, or when `masked` is out of range, has no generator, or cannot be had.
        """
        self.check_waveforms(waveforms)
        self._check_masked(masked, generator)
        return self.embed_clips(waveforms.float(), masked, generator).float()

    def embed_clips(
        self, waveforms: Tensor, masked: float, generator: torch.Generator | None
    ) -> Tensor:
        """Return the embeddings of waveforms that `embed` has checked.

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
        raise NotImplementedError

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

        Raises
        ------
        ParameterError
            Where the encoder has no text.
        """
        raise ParameterError(f"{type(self).__name__} has no text; choose an encoder that has")

    def embed_classes(self, names: Sequence[str]) -> Tensor:
        """Return the embeddings of classes by their names.

        Parameters
        ----------
        names : sequence of str
            Names of classes; underscores are read as spaces.

        Returns
        -------
        Tensor, shape (n_names, dimension)
            float32, each row of Euclidean norm 1.

        Raises
        ------
        ParameterError
            Where the encoder has no text.
        """
        raise ParameterError(f"{type(self).__name__} has no text; choose an encoder that has")

    def tag_logits(self, waveforms: Tensor) -> Tensor:
        """Return the logits of AudioSet's classes, before the sigmoid.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, samples)
            Mono, at `sample_rate`, in [-1, 1].

        Returns
        -------
        Tensor, shape (clips, 527)
            In the order of AudioSet's list, as `resound.data.audioset.class_names` has it.

        Raises
        ------
        ParameterError
            Where the encoder has no tags, and for waveforms that `check_waveforms` refuses.
        CheckpointError
            When its checkpoint is of other classes than AudioSet's.
        """
        raise ParameterError(f"{type(self).__name__} has no tags; choose an encoder that has")

    def hidden_layer(self) -> nn.Sequential:
        """Return a copy of the layer between the embedding and the encoder's own classes.

        Raises
        ------
        ParameterError
            Where it has none.
        """
        raise ParameterError(
            f"{type(self).__name__} has no layer of its own before classes; choose another head"
        )

    def layer_groups(self) -> list[list[nn.Parameter]]:
        """Return all parameters of the audio part once, in groups from input to output."""
        raise NotImplementedError

    def frozen_parts(self) -> list[nn.Module]:
        """Return the modules that stay in evaluation mode while the rest is trained."""
        return []

    def train(self, mode: bool = True) -> "Encoder":
        """Switch to training or evaluation mode, all but the frozen parts."""
        super().train(mode)
        for part in self.frozen_parts():
            part.eval()
        return self

    def check_waveforms(self, waveforms: Tensor) -> None:
        """Check that the encoder can read waveforms.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, samples)
            Mono, at `sample_rate`, in [-1, 1].

        Raises
        ------
        ParameterError
            When they are not (clips, samples) of finite floats, or shorter than `minimum`.
        """
        name = type(self).__name__
        if waveforms.ndim != 2 or not waveforms.is_floating_point():
            raise ParameterError(
                f"waveforms of shape {tuple(waveforms.shape)} and {waveforms.dtype} must be floats "
                f"(clips, samples), mono at {self.sample_rate} Hz"
            )
        if waveforms.shape[1] < self.minimum:
            raise ParameterError(
                f"clips of {waveforms.shape[1]} samples are shorter than the {self.minimum} "
                f"({self.minimum / self.sample_rate} s at {self.sample_rate} Hz) that {name} "
                "needs; pad them or leave them out"
            )
        if not waveforms.isfinite().all():
            broken = (~waveforms.isfinite().all(dim=1)).nonzero().flatten().tolist()
            raise ParameterError(
                f"waveforms hold NaN or infinity in the clips at positions {broken[:10]}; "
                "leave these clips out or repair them"
            )

    def check_tags(self, n_classes: int) -> None:
        """Raise CheckpointError unless a network of so many classes has AudioSet's."""
        if n_classes != N_TAGS:
            raise CheckpointError(
                f"this checkpoint of {type(self).__name__} has {n_classes} classes, not AudioSet's "
                f"{N_TAGS}: it has no tags; give the weights of a published one"
            )

    def _check_masked(self, masked: float, generator: torch.Generator | None) -> None:
        if not 0 <= masked < 1:
            raise ParameterError(f"masked={masked!r} must be a share from 0 up to 1")
        if masked and not self.can_mask:
            raise ParameterError(
                f"masked={masked!r}: {type(self).__name__} cannot leave tokens out; use BEATs"
            )
        if masked and generator is None:
            raise ParameterError(
                f"masked={masked!r} needs a generator that chooses the tokens: "
                "torch.Generator().manual_seed(seed)"
            )


def of_modules(*modules: nn.Module) -> Iterator[nn.Parameter]:
    """Yield the parameters of modules, for a layer group."""
    for module in modules:
        yield from module.parameters()
