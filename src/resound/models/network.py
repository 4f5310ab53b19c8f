"""Network: what all networks that read a feature have in common."""

import torch
from torch import Tensor, nn

from resound.errors import ParameterError
from resound.registry import where


class Network(nn.Module):
    """A network that makes embeddings of clips, whose features it reads as planes of an image.

    A subclass sets its layers and `min_frames`, `min_bins`, and writes `embed_planes`.

    Parameters
    ----------
    n_dims : int
        Dims of the feature, those of all its planes together.
    n_planes : int
        Planes that stand side by side in the dims: 3 for a feature with its two derivatives.

    Raises
    ------
    ParameterError
        When the planes do not divide the dims, or a plane has fewer bins than the network pools.
    """

    min_frames = 1
    min_bins = 1
    n_embedding: int

    def __init__(self, n_dims: int, n_planes: int) -> None:
        super().__init__()
        if n_planes < 1 or n_dims % n_planes:
            raise ParameterError(
                f"n_dims={n_dims} cannot be divided into n_planes={n_planes} planes of equal width"
            )
        self.n_dims, self.n_planes = n_dims, n_planes
        if n_dims // n_planes < self.min_bins:
            raise ParameterError(
                f"{type(self).__name__} needs {self.min_bins} dims a plane or more to pool, not "
                f"{n_dims // n_planes}; choose a feature with more coefficients or bands"
            )

    def embed(self, x: Tensor) -> Tensor:
        """Return the embeddings of clips.

        Parameters
        ----------
        x : Tensor, shape (batch, frames, dims)
            A feature of each clip, standardised.

        Returns
        -------
        Tensor, shape (batch, n_embedding) or (batch, code_frames, n_embedding)
            One vector a clip, or a sequence of them.

        Raises
        ------
        ParameterError
            For another number of dims, or fewer frames than the network can pool.
        """
        if x.ndim != 3 or x.shape[2] != self.n_dims:
            raise ParameterError(
                f"input of shape {tuple(x.shape)} must be (batch, frames, {self.n_dims}), as the "
                "network was built for"
            )
        if x.shape[1] < self.min_frames:
            raise ParameterError(
                f"{x.shape[1]} frames are fewer than the {self.min_frames} that "
                f"{type(self).__name__} needs to pool; lower hop_length or use longer clips"
            )
        planes = x.reshape(*x.shape[:2], self.n_planes, -1).transpose(1, 2)
        embedded = self.embed_planes(planes.contiguous(memory_format=torch.channels_last))
        if embedded.ndim not in (2, 3) or (len(embedded), embedded.shape[-1]) != (
            len(x),
            self.n_embedding,
        ):
            raise ParameterError(
                f"{type(self).__name__}, {where(type(self).embed_planes)}: returned the shape "
                f"{tuple(embedded.shape)}; for {len(x)} clips it must be ({len(x)}, "
                f"n_embedding={self.n_embedding}), or a sequence of such vectors a clip"
            )
        return embedded

    def embed_planes(self, x: Tensor) -> Tensor:
        """Return the embeddings of clips whose planes lie side by side.

        Parameters
        ----------
        x : Tensor, shape (batch, planes, frames, bins)
            Planes of a feature of each clip, standardised.

        Returns
        -------
        Tensor, shape (batch, n_embedding) or (batch, code_frames, n_embedding)
        """
        raise NotImplementedError


def count_parameters(network: nn.Module) -> int:
    """Return how many numbers of a network are learned.

    Examples
    --------
    >>> count_parameters(nn.Linear(3, 2))
    8
    """
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
