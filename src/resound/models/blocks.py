"""Building blocks that several networks share: convolutions, dropout, pooling over time."""

from collections.abc import Sequence

from torch import Tensor, nn

from resound.errors import ParameterError, check_positive_int, is_real


class ConvBlock(nn.Sequential):
    """Two 3 x 3 convolutions, each normalised and rectified, then an average over `pool`.

    Maps (batch, n_in, frames, bins) to (batch, n_out, frames // pool[0], bins // pool[1]).
    """

    def __init__(self, n_in: int, n_out: int, pool: tuple[int, int]) -> None:
        super().__init__(
            nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(inplace=True),
            nn.AvgPool2d(pool),
        )


def conv_stack(
    n_planes: int, channels: Sequence[int], pools: Sequence[tuple[int, int]]
) -> nn.Sequential:
    """Return one `ConvBlock` after another, with these channels and pools, first one first."""
    inputs = (n_planes, *channels[:-1])
    return nn.Sequential(
        *(ConvBlock(i, o, pool) for i, o, pool in zip(inputs, channels, pools, strict=True))
    )


def checked_channels(channels: Sequence[int]) -> int:
    """Return how many blocks `channels` asks for, or raise ParameterError."""
    if not channels or not isinstance(channels, list | tuple):
        raise ParameterError(f"channels={channels!r} must be a list of channels, one a block")
    return len([check_positive_int("channels", number) for number in channels])


def dropout(share: float) -> nn.Dropout:
    """Return a layer that drops a share of its input in training, 0 up to 1."""
    if not is_real(share) or not 0 <= share < 1:
        raise ParameterError(f"dropout={share!r} must be a share from 0 up to 1")
    return nn.Dropout(share)


def mean_and_max(x: Tensor, dim: int) -> Tensor:
    """Return the sum of the mean and the maximum along `dim`.

    The mean hears what lasts, the maximum what happens once (Kong et al., "PANNs", IEEE/ACM TASLP
    28, 2020).

    Parameters
    ----------
    x : Tensor, of any shape
        Values.
    dim : int
        The axis to reduce.

    Returns
    -------
    Tensor, of any shape: that of `x` without `dim`

    Examples
    --------
    >>> import torch
    >>> mean_and_max(torch.tensor([[0.0, 0.0, 3.0]]), dim=1)
    tensor([4.])
    """
    return x.mean(dim) + x.amax(dim)
