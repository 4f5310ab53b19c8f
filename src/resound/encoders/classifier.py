"""Encoder classifiers: a pretrained encoder with a head on it."""

import torch
from torch import Tensor, nn

from resound.encoders.encoder import Encoder
from resound.encoders.heads.head import Head
from resound.registry import HEADS


class EncoderClassifier(nn.Module):
    """An encoder with a head on it; what `layer_groups` leaves out of the encoder is not trained.

    Parameters
    ----------
    encoder : Encoder
        Is changed by training.
    head : Head
        Reads its embeddings.
    """

    def __init__(self, encoder: Encoder, head: Head) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head
        trained = {id(p) for group in encoder.layer_groups() for p in group}
        for parameter in encoder.parameters():
            parameter.requires_grad_(id(parameter) in trained)

    def embed(self, waveforms: Tensor) -> Tensor:
        """Return the embeddings of waveforms.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, samples)
            At the encoder's sample rate.

        Returns
        -------
        Tensor, shape (clips, dimension)
        """
        return self.encoder.embed(waveforms)

    def classify(self, embeddings: Tensor) -> Tensor:
        """Return the logits that the head makes of embeddings.

        Parameters
        ----------
        embeddings : Tensor, shape (clips, dimension)
            As `embed` returns them.

        Returns
        -------
        Tensor, shape (clips, n_classes)
        """
        return self.head.classify(self.head.hidden(embeddings))

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return the logits of waveforms.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, samples)
            At the encoder's sample rate.

        Returns
        -------
        Tensor, shape (clips, n_classes)
        """
        return self.classify(self.embed(waveforms))

    def trained_tensors(self) -> dict[str, Tensor]:
        """Return each trained parameter once, under one of its names.

        Returns
        -------
        dict of str to Tensor of any shape
        """
        named = self.named_parameters()
        return {name: value.detach() for name, value in named if value.requires_grad}


def build_classifier(
    encoder: Encoder, n_classes: int, *, name: str, width: int, dropout: float, seed: int
) -> EncoderClassifier:
    """Return an encoder with a new head, whose parameters a seed decides.

    Parameters
    ----------
    encoder : Encoder
        What the head is put on.
    n_classes : int
        Classes.
    name : str
        A head of the registry.
    width, dropout
        As `Head`.
    seed : int
        Of torch.
    """
    own = HEADS.entry(name).traits.get("own_layer")
    options = {"layer": encoder.hidden_layer()} if own else {}
    torch.manual_seed(seed)
    head: Head = HEADS[name](encoder.dimension, n_classes, width=width, dropout=dropout, **options)
    return EncoderClassifier(encoder, head)
