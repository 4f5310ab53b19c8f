"""CNN: a light convolutional network in the manner of VGG."""

from collections.abc import Sequence

from torch import Tensor, nn

from resound.models import blocks
from resound.models.classifier import Classifier
from resound.registry import NETWORKS


@NETWORKS.register("cnn")
class CNN(Classifier):
    """Blocks of two convolutions, each halving frames and bins; mean and maximum over time.

    Parameters
    ----------
    n_dims, n_classes, n_planes : int
        As `Classifier`; `n_classes` logits.
    channels : sequence of int
        Channels of the blocks, one block each; the last is the length of the embedding.
    dropout : float
        Share of the embedding that is dropped in training, 0 to 1.

    Examples
    --------
    >>> import torch
    >>> network = CNN(n_dims=64, n_classes=10)
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
        dropout: float = 0.2,
    ) -> None:
        self.min_frames = self.min_bins = 2 ** blocks.checked_channels(channels)
        super().__init__(n_dims, n_planes)
        self.n_embedding = channels[-1]
        self.blocks = blocks.conv_stack(n_planes, channels, [(2, 2)] * len(channels))
        self.dropout = blocks.dropout(dropout)
        self.head = nn.Linear(self.n_embedding, n_classes)

    def embed_planes(self, x: Tensor) -> Tensor:
        """Average over the bins that are left, then take mean and maximum over time.

        Parameters
        ----------
        x : Tensor, shape (batch, planes, frames, bins)
            Planes of a feature of each clip, standardised.

        Returns
        -------
        Tensor, shape (batch, n_embedding)
        """
        return blocks.mean_and_max(self.blocks(x).mean(3), 2)

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
