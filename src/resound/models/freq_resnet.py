"""Frequency-aware ResNet: a small residual network that is told how high each of its bins is."""

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from resound.errors import ParameterError, check_positive_int
from resound.models import blocks
from resound.models.classifier import Classifier
from resound.registry import NETWORKS

STEM_STRIDE = 2


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions beside what they read, after an average over 2 x 2 where it halves.

    The second norm begins at 0, so a new block passes its input on (Goyal et al., "Accurate, large
    minibatch SGD", 2017, section 5.1). Of each clip, what the convolutions add is left out in
    training with a probability of `drop_path` (Huang et al., "Deep networks with stochastic
    depth", ECCV 2016).
    """

    def __init__(self, n_in: int, n_out: int, *, halves: bool, drop_path: float) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(2) if halves else nn.Identity()
        last = nn.BatchNorm2d(n_out)
        nn.init.zeros_(last.weight)
        self.convolutions = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
            last,
        )
        self.skip: nn.Module = nn.Identity()
        if n_in != n_out:
            conv = nn.Conv2d(n_in, n_out, 1, bias=False)
            self.skip = nn.Sequential(conv, nn.BatchNorm2d(n_out))
        self.drop_path = drop_path

    def forward(self, x: Tensor) -> Tensor:
        """Return what the convolutions add to a batch.

        Parameters
        ----------
        x : Tensor, shape (batch, n_in, frames, bins)
            Of any scale.

        Returns
        -------
        Tensor, shape (batch, n_out, frames, bins), of half the frames and bins where it halves
        """
        x = self.pool(x)
        added = self.convolutions(x)
        if self.training and self.drop_path:
            kept = torch.rand(len(x), 1, 1, 1, device=x.device) >= self.drop_path
            added = added * (kept / (1 - self.drop_path)).to(added.dtype)
        return relu(self.skip(x) + added, inplace=True)


@NETWORKS.register("freq_resnet")
class FreqResNet(Classifier):
    r"""Residual blocks on the planes and one plane more, on which each bin has its own height.

    A convolution cannot tell a tone of 200 Hz from one of 4 kHz. The plane

    .. math:: c[t, k] = -1 + \frac{2 k}{K - 1}

    tells it (Koutini, Eghbal-zadeh, Widmer, "Receptive-field-regularized CNN variants for acoustic
    scene classification", DCASE 2019). The first convolution, 5 x 5, halves frames and bins, and so
    does each group of blocks but the first; the embedding is mean and maximum over time of the mean
    over bins. The network is made for the CPU: few channels where the image is large, dense
    convolutions throughout, in channels-last order.

    Parameters
    ----------
    n_dims, n_classes, n_planes : int
        As `Classifier`; `n_classes` logits.
    channels : sequence of int
        Channels of the groups of blocks; the last is the length of the embedding.
    depth : int
        Blocks a group.
    dropout : float
        Share of the embedding that is dropped in training, 0 up to 1.
    drop_path : float
        Share of clips for which a block is left out in training, 0 up to 1.

    Examples
    --------
    >>> network = FreqResNet(n_dims=128, n_classes=10)
    >>> network(torch.zeros(2, 125, 128)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        n_dims: int,
        n_classes: int,
        *,
        n_planes: int = 1,
        channels: Sequence[int] = (32, 64, 128, 256),
        depth: int = 1,
        dropout: float = 0.3,
        drop_path: float = 0.0,
    ) -> None:
        self.min_frames = self.min_bins = STEM_STRIDE ** blocks.checked_channels(channels)
        super().__init__(n_dims, n_planes)
        if not 0 <= drop_path < 1:
            raise ParameterError(f"drop_path={drop_path!r} must be a share from 0 up to 1")
        check_positive_int("depth", depth)
        self.n_embedding = channels[-1]
        self.stem = nn.Sequential(
            nn.Conv2d(n_planes + 1, channels[0], 5, stride=STEM_STRIDE, padding=2, bias=False),
            nn.BatchNorm2d(channels[0]),
            nn.ReLU(inplace=True),
        )
        groups = [
            ResidualBlock(
                channels[max(0, group - 1)] if block == 0 else width,
                width,
                halves=group > 0 and block == 0,
                drop_path=drop_path,
            )
            for group, width in enumerate(channels)
            for block in range(depth)
        ]
        self.blocks = nn.Sequential(*groups)
        self.dropout = blocks.dropout(dropout)
        self.head = nn.Linear(self.n_embedding, n_classes)
        cast(Any, self).to(memory_format=torch.channels_last)

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
        heights = torch.linspace(-1, 1, x.shape[3], dtype=x.dtype, device=x.device)
        planes = torch.cat([x, heights.expand(len(x), 1, *x.shape[2:])], dim=1)
        return blocks.mean_and_max(self.blocks(self.stem(planes)).mean(3), 2)

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
