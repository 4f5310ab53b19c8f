"""CRNN: convolutions over time and frequency, then a recurrent network over time."""

from collections.abc import Sequence

from torch import Tensor, nn

from resound.errors import check_positive_int
from resound.models import blocks
from resound.models.classifier import Classifier
from resound.registry import NETWORKS


@NETWORKS.register("crnn")
class CRNN(Classifier):
    """Blocks as in `cnn`, then a bidirectional GRU over the frames that are left.

    The blocks halve the bins each, and the frames all but the last. The GRU reads, frame by frame,
    the mean over the bins; its outputs' mean and maximum over time are the embedding.

    Parameters
    ----------
    n_dims, n_classes, n_planes : int
        As `Classifier`; `n_classes` logits.
    channels : sequence of int
        Channels of the blocks, one block each.
    hidden : int
        Units of the GRU in each direction; the embedding has twice as many.
    dropout : float
        Share of the embedding that is dropped in training, 0 to 1.

    Examples
    --------
    >>> import torch
    >>> network = CRNN(n_dims=64, n_classes=10)
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
        hidden: int = 64,
        dropout: float = 0.2,
    ) -> None:
        n_blocks = blocks.checked_channels(channels)
        self.min_frames, self.min_bins = 2 ** (n_blocks - 1), 2**n_blocks
        super().__init__(n_dims, n_planes)
        self.n_embedding = 2 * check_positive_int("hidden", hidden)
        pools = [(2, 2)] * (len(channels) - 1) + [(1, 2)]
        self.blocks = blocks.conv_stack(n_planes, channels, pools)
        self.recurrent = nn.GRU(channels[-1], hidden, batch_first=True, bidirectional=True)
        self.dropout = blocks.dropout(dropout)
        self.head = nn.Linear(self.n_embedding, n_classes)

    def embed_planes(self, x: Tensor) -> Tensor:
        """Read the frames that the convolutions leave one after another, both ways.

        Parameters
        ----------
        x : Tensor, shape (batch, planes, frames, bins)
            Planes of a feature of each clip, standardised.

        Returns
        -------
        Tensor, shape (batch, n_embedding)
        """
        frames = self.blocks(x).mean(3).transpose(1, 2)
        outputs, _ = self.recurrent(frames.contiguous())
        return blocks.mean_and_max(outputs, 1)

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
