"""Heads for fine-tuning: from the embedding of an encoder to the classes."""

import torch
from torch import Tensor, nn

from resound.encoders.encoder import Encoder


class Head(nn.Module):
    """A hidden vector of each clip, and from there the classes.

    Parameters
    ----------
    dimension : int
        Numbers of the encoder's embedding.
    n_classes : int
        Classes.
    width : int
        Of the layer that a subclass adds.
    n_hidden : int
        Numbers of the hidden vector.
    dropout : float
        Share of the hidden vector's numbers that a step of training leaves out.
    """

    def __init__(
        self, dimension: int, n_classes: int, *, width: int, n_hidden: int, dropout: float
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dimension)
        self.down = nn.Linear(dimension, width)
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(n_hidden, n_classes)

    def hidden(self, embedding: Tensor) -> Tensor:
        """Return the hidden vectors of embeddings.

        Parameters
        ----------
        embedding : Tensor, shape (clips, dimension)
            Of the encoder.

        Returns
        -------
        Tensor, shape (clips, n_hidden)
        """
        raise NotImplementedError

    def classify(self, hidden: Tensor) -> Tensor:
        """Return the logits of hidden vectors.

        Parameters
        ----------
        hidden : Tensor, shape (clips, n_hidden)
            As `hidden` returns them.

        Returns
        -------
        Tensor, shape (clips, n_classes)
        """
        logits: Tensor = self.classes(self.dropout(hidden))
        return logits


class Adapter(Head):
    r"""A bottleneck beside the embedding, :math:`e + U \, \mathrm{GELU}(D \, \mathrm{LN}(e))`.

    U is 0 at first, so that training starts from the embedding itself (Houlsby et al.,
    "Parameter-efficient transfer learning for NLP", ICML 2019).
    """

    def __init__(self, dimension: int, n_classes: int, *, width: int, dropout: float) -> None:
        super().__init__(dimension, n_classes, width=width, n_hidden=dimension, dropout=dropout)
        self.up = nn.Linear(width, dimension)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def hidden(self, embedding: Tensor) -> Tensor:
        """Return embeddings with what the bottleneck adds to them.

        Parameters
        ----------
        embedding : Tensor, shape (clips, dimension)
            Of the encoder.

        Returns
        -------
        Tensor, shape (clips, n_hidden)
        """
        adapted: Tensor = self.up(nn.functional.gelu(self.down(self.norm(embedding))))
        return embedding + adapted


class Mlp(Head):
    r"""One hidden layer, :math:`\mathrm{GELU}(D \, \mathrm{LN}(e))`."""

    def __init__(self, dimension: int, n_classes: int, *, width: int, dropout: float) -> None:
        super().__init__(dimension, n_classes, width=width, n_hidden=width, dropout=dropout)

    def hidden(self, embedding: Tensor) -> Tensor:
        """Return the hidden layer.

        Parameters
        ----------
        embedding : Tensor, shape (clips, dimension)
            Of the encoder.

        Returns
        -------
        Tensor, shape (clips, n_hidden)
        """
        return nn.functional.gelu(self.down(self.norm(embedding)))


HEADS: dict[str, type[Adapter] | type[Mlp]] = {"adapter": Adapter, "mlp": Mlp}


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
        """Return the embeddings of clips.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, samples)
            Mono, at the encoder's `sample_rate`, in [-1, 1].

        Returns
        -------
        Tensor, shape (clips, dimension)
        """
        return self.encoder.embed(waveforms)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return the logits of clips.

        Parameters
        ----------
        waveforms : Tensor, shape (clips, samples)
            Mono, at the encoder's `sample_rate`, in [-1, 1].

        Returns
        -------
        Tensor, shape (clips, n_classes)
        """
        return self.head.classify(self.head.hidden(self.embed(waveforms)))

    def trained_tensors(self) -> dict[str, Tensor]:
        """Return each trained parameter once, under one of its names.

        Returns
        -------
        dict of str to Tensor, each of any shape
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
    name : {"adapter", "mlp"}
        The head.
    width, dropout
        As `Head`.
    seed : int
        Of torch.
    """
    torch.manual_seed(seed)
    head = HEADS[name](encoder.dimension, n_classes, width=width, dropout=dropout)
    return EncoderClassifier(encoder, head)
