"""Autoencoder: convolutions to a short code for every few frames, and back to the clip."""

from collections.abc import Sequence

from torch import Tensor, nn

from resound.errors import check_positive_int
from resound.models import blocks
from resound.models.network import Network
from resound.registry import AUTOENCODERS


@AUTOENCODERS.register("autoencoder")
class Autoencoder(Network):
    """Convolutions that halve frames and bins, a code for each frame that is left, and back again.

    A clip of T frames and B bins a plane becomes ceil(T / 2^n) code frames with n channels'
    halvings, each the linear map of all channels and bins of that frame to `code_size` numbers.
    The decoder mirrors the encoder with transposed convolutions, cropped to the encoder's sizes.

    Parameters
    ----------
    n_dims, n_planes : int
        As `Network`.
    code_size : int
        Numbers a code frame.
    channels : sequence of int
        Channels of the convolutions of the encoder, each of which halves frames and bins.

    Examples
    --------
    >>> import torch
    >>> network = Autoencoder(n_dims=64, code_size=32)
    >>> x = torch.zeros(2, 216, 64)
    >>> network.embed(x).shape, network(x).shape
    (torch.Size([2, 14, 32]), torch.Size([2, 216, 64]))
    """

    def __init__(
        self,
        n_dims: int,
        *,
        n_planes: int = 1,
        code_size: int = 128,
        channels: Sequence[int] = (32, 64, 128, 256),
    ) -> None:
        super().__init__(n_dims, n_planes)
        self.n_halvings = blocks.checked_channels(channels)
        self.n_embedding = check_positive_int("code_size", code_size)
        self.bins = _halved(n_dims // n_planes, self.n_halvings)
        planes = (n_planes, *channels)
        width = channels[-1] * self.bins[-1]
        self.encoder = nn.Sequential(*map(_halving, planes[:-1], planes[1:]))
        self.to_code = nn.Linear(width, code_size)
        self.from_code = nn.Linear(code_size, width)
        self.decoder = nn.ModuleList(map(_doubling, planes[:0:-1], planes[-2::-1]))

    def embed_planes(self, x: Tensor) -> Tensor:
        """Return the codes of clips.

        Parameters
        ----------
        x : Tensor, shape (batch, planes, frames, bins)
            Planes of a feature of each clip, standardised.

        Returns
        -------
        Tensor, shape (batch, code_frames, code_size)
        """
        code: Tensor = self.to_code(self.encoder(x).transpose(1, 2).flatten(2))
        return code

    def decode(self, code: Tensor, n_frames: int) -> Tensor:
        """Return the clips that codes stand for.

        Parameters
        ----------
        code : Tensor, shape (batch, code_frames, code_size)
            As `embed` returns it.
        n_frames : int
            Frames of the clips.

        Returns
        -------
        Tensor, shape (batch, n_frames, dims)
            Standardised, as the clips were.
        """
        frames = _halved(n_frames, self.n_halvings)
        width = self.from_code(code)
        x: Tensor = width.reshape(*width.shape[:2], -1, self.bins[-1]).transpose(1, 2)
        for layer, n, n_bins in zip(self.decoder, frames[-2::-1], self.bins[-2::-1], strict=True):
            x = layer(x)[:, :, :n, :n_bins]
        return x.transpose(1, 2).flatten(2)

    def forward(self, x: Tensor) -> Tensor:
        """Return the reconstruction of clips.

        Parameters
        ----------
        x : Tensor, shape (batch, frames, dims)
            A feature of each clip, standardised.

        Returns
        -------
        Tensor, shape (batch, frames, dims)
        """
        return self.decode(self.embed(x), x.shape[1])


def _halved(size: int, times: int) -> list[int]:
    """Return a size and what is left of it after each halving, rounded up."""
    return [-(-size // 2**n) for n in range(times + 1)]


def _halving(n_in: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(inplace=True),
    )


def _doubling(n_in: int, n_out: int) -> nn.Sequential:
    """Normalise and rectify, then double frames and bins: the last layer's output is linear."""
    return nn.Sequential(
        nn.BatchNorm2d(n_in),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(n_in, n_out, 4, stride=2, padding=1),
    )
