"""Layers of EfficientAT: a MobileNetV3 over log-mel frames, with the published parameter names.

A. Howard et al., "Searching for MobileNetV3", ICCV 2019, of which these are the large one's.
"""

from typing import NamedTuple

from torch import Tensor, nn

# As published: added to the variances of all normalisations.
NORM_EPS = 1e-3
# Numbers of channels are multiples of it, and rounding takes away less than a tenth of them.
CHANNEL_STEP = 8
LARGEST_LOSS = 0.1
# The layer before the embedding widens the last block's channels so many times.
LAST_EXPANSION = 6
# Channels at width 1: of the first convolution, and of the layer between embedding and classes.
STEM = 16
HIDDEN = 1280
DROPOUT = 0.2


class BlockSizes(NamedTuple):
    """A block of MobileNetV3-Large (Howard et al., ICCV 2019, table 1).

    `expanded` and `out` count channels at width 1; `kernel` and `stride` are those of the depthwise
    convolution, in frames and bands; `squeezes` tells whether its channels are weighted, `hard`
    whether they pass through hardswish in place of ReLU.
    """

    kernel: int
    expanded: int
    out: int
    squeezes: bool
    hard: bool
    stride: int


BLOCKS = (
    BlockSizes(3, 16, 16, False, False, 1),
    BlockSizes(3, 64, 24, False, False, 2),
    BlockSizes(3, 72, 24, False, False, 1),
    BlockSizes(5, 72, 40, True, False, 2),
    BlockSizes(5, 120, 40, True, False, 1),
    BlockSizes(5, 120, 40, True, False, 1),
    BlockSizes(3, 240, 80, False, True, 2),
    BlockSizes(3, 200, 80, False, True, 1),
    BlockSizes(3, 184, 80, False, True, 1),
    BlockSizes(3, 184, 80, False, True, 1),
    BlockSizes(3, 480, 112, True, True, 1),
    BlockSizes(3, 672, 112, True, True, 1),
    BlockSizes(5, 672, 160, True, True, 2),
    BlockSizes(5, 960, 160, True, True, 1),
    BlockSizes(5, 960, 160, True, True, 1),
)


def channels_at(width: float, channels: int) -> int:
    """Return how many channels a layer of so many at width 1 has at another width.

    Examples
    --------
    >>> [channels_at(0.4, channels) for channels in (16, 24, 672)]
    [8, 16, 272]
    """
    return _rounded(width * channels)


def _rounded(channels: float) -> int:
    """Return the nearest multiple of `CHANNEL_STEP`, or the next when that loses too much."""
    nearest = max(CHANNEL_STEP, int(channels + CHANNEL_STEP / 2) // CHANNEL_STEP * CHANNEL_STEP)
    return nearest if nearest >= (1 - LARGEST_LOSS) * channels else nearest + CHANNEL_STEP


class SqueezeExcitation(nn.Module):
    r"""Channels weighted by what the clip has in all of them.

    .. math:: x \, \sigma(W_2 \, \mathrm{ReLU}(W_1 \bar x + b_1) + b_2)

    with the mean of x over bands and frames (Hu et al., "Squeeze-and-excitation networks", CVPR
    2018).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = _rounded(channels // 4)
        self.fc1 = nn.Linear(channels, squeezed)
        self.fc2 = nn.Linear(squeezed, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the weighted channels.

        Parameters
        ----------
        x : Tensor, shape (clips, channels, bands, frames)
            Of the depthwise convolution.

        Returns
        -------
        Tensor, shape (clips, channels, bands, frames)
        """
        weights: Tensor = self.fc2(self.fc1(x.mean((2, 3))).relu()).sigmoid()
        return x * weights[:, :, None, None]


class ChannelWeights(nn.Module):
    """Squeeze and excitation of the channels, the only one of the published list of axes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conc_se_layers = nn.ModuleList([SqueezeExcitation(channels)])

    def forward(self, x: Tensor) -> Tensor:
        """Return the weighted channels.

        Parameters
        ----------
        x : Tensor, shape (clips, channels, bands, frames)
            Of the depthwise convolution.

        Returns
        -------
        Tensor, shape (clips, channels, bands, frames)
        """
        weighted: Tensor = self.conc_se_layers[0](x)
        return weighted


class InvertedResidual(nn.Module):
    """Channels widened, convolved one by one, weighted and brought together again.

    Where neither sizes nor channels change, the input is added (Sandler et al., "MobileNetV2", CVPR
    2018).

    Parameters
    ----------
    n_in : int
        Channels of its input.
    sizes : BlockSizes
        Of the block at width 1.
    width : float
        Of the network.
    """

    def __init__(self, n_in: int, sizes: BlockSizes, width: float) -> None:
        super().__init__()
        expanded, n_out = channels_at(width, sizes.expanded), channels_at(width, sizes.out)
        activation = nn.Hardswish if sizes.hard else nn.ReLU
        layers: list[nn.Module] = []
        if expanded != n_in:
            layers.append(nn.Sequential(*_convolution(n_in, expanded), activation()))
        depthwise = _convolution(expanded, expanded, sizes.kernel, sizes.stride, groups=expanded)
        layers.append(nn.Sequential(*depthwise, activation()))
        if sizes.squeezes:
            layers.append(ChannelWeights(expanded))
        layers.append(nn.Sequential(*_convolution(expanded, n_out)))
        self.block = nn.Sequential(*layers)
        self.residual = sizes.stride == 1 and n_in == n_out

    def forward(self, x: Tensor) -> Tensor:
        """Return the channels of the block.

        Parameters
        ----------
        x : Tensor, shape (clips, n_in, bands, frames)
            Of the block before.

        Returns
        -------
        Tensor, shape (clips, n_out, bands / stride, frames / stride)
            Sizes are rounded up.
        """
        y: Tensor = self.block(x)
        return x + y if self.residual else y


def feature_layers(width: float) -> nn.Sequential:
    """Return the layers from log-mel frames to the channels whose mean is the embedding."""
    n = channels_at(width, STEM)
    layers: list[nn.Module] = [nn.Sequential(*_convolution(1, n, 3, 2), nn.Hardswish())]
    for sizes in BLOCKS:
        layers.append(InvertedResidual(n, sizes, width))
        n = channels_at(width, sizes.out)
    last = _convolution(n, LAST_EXPANSION * n)
    return nn.Sequential(*layers, nn.Sequential(*last, nn.Hardswish()))


def class_layers(width: float, n_classes: int) -> nn.Sequential:
    """Return the layers from those channels to the logits of classes; the first two embed."""
    hidden = channels_at(width, HIDDEN)
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(dimension_at(width), hidden),
        nn.Hardswish(),
        nn.Dropout(DROPOUT),
        nn.Linear(hidden, n_classes),
    )


def dimension_at(width: float) -> int:
    """Return how many numbers the embedding of a network of this width has.

    Examples
    --------
    >>> [dimension_at(width) for width in (0.4, 1.0, 4.0)]
    [384, 960, 3840]
    """
    return LAST_EXPANSION * channels_at(width, BLOCKS[-1].out)


def _convolution(
    n_in: int, n_out: int, kernel: int = 1, stride: int = 1, groups: int = 1
) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """Return a convolution and its normalisation."""
    convolution = nn.Conv2d(
        n_in, n_out, kernel, stride, padding=kernel // 2, groups=groups, bias=False
    )
    return convolution, nn.BatchNorm2d(n_out, eps=NORM_EPS)
