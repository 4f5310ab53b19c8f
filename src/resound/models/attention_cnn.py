"""Attention CNN: a convolutional network that learns which moments and bands to weight most."""

from collections.abc import Sequence

from torch import Tensor, nn

from resound.errors import check_positive_int
from resound.models import blocks
from resound.models.classifier import Classifier
from resound.registry import NETWORKS


@NETWORKS.register("attention_cnn")
class AttentionCNN(Classifier):
    r"""Convolutions as in `cnn`, then a weighted mean with learned weights, one set a head.

    With :math:`h_p` the channels at position p of time and frequency, head k gives

    .. math:: z_k = \sum_p \mathrm{softmax}_p(w_k^T \tanh(V h_p)) \, h_p

    and a linear layer maps the heads, side by side, to the embedding (Ilse, Tomczak, Welling,
    "Attention-based deep multiple instance learning", ICML 2018, equation 8).

    Parameters
    ----------
    n_dims, n_classes, n_planes : int
        As `Classifier`; `n_classes` logits.
    channels : sequence of int
        Channels of the blocks, one block each; the last is the length of the embedding.
    heads : int
        Weighted means.
    dropout : float
        Share of the embedding that is dropped in training, 0 to 1.

    Examples
    --------
    >>> import torch
    >>> network = AttentionCNN(n_dims=64, n_classes=10)
    >>> network(torch.zeros(2, 216, 64)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        n_dims: int,
        n_classes: int,
        *,
        n_planes: int = 1,
        channels: Sequence[int] = (16, 32, 64, 128),
        heads: int = 4,
        dropout: float = 0.2,
    ) -> None:
        self.min_frames = self.min_bins = 2 ** blocks.checked_channels(channels)
        super().__init__(n_dims, n_planes)
        self.n_embedding = width = channels[-1]
        check_positive_int("heads", heads)
        self.blocks = blocks.conv_stack(n_planes, channels, [(2, 2)] * len(channels))
        self.score = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, heads))
        self.merge = nn.Sequential(nn.Linear(heads * width, width), nn.ReLU())
        self.dropout = blocks.dropout(dropout)
        self.head = nn.Linear(width, n_classes)

    def embed_planes(self, x: Tensor) -> Tensor:
        """Weight every position of what the convolutions leave, and merge the heads.

        Parameters
        ----------
        x : Tensor, shape (batch, planes, frames, bins)
            Planes of a feature of each clip, standardised.

        Returns
        -------
        Tensor, shape (batch, n_embedding)
        """
        positions = self.blocks(x).flatten(2).transpose(1, 2)
        weights = self.score(positions).softmax(dim=1)
        merged: Tensor = self.merge((weights.transpose(1, 2) @ positions).flatten(1))
        return merged

    def classify(self, embedding: Tensor) -> Tensor:
        """Return the logits; some of the embedding is dropped in training.

        Parameters
        ----------
        embedding : Tensor, shape (batch, n_embedding)
            Hidden vectors, as `embed` returns them.

        Returns
        -------
        Tensor, shape (batch, n_classes)
        """
        return super().classify(self.dropout(embedding))
