"""Multilayer perceptron: one hidden layer."""

from torch import Tensor, nn

from resound.encoders.heads.head import Head
from resound.registry import HEADS


@HEADS.register("mlp")
class Mlp(Head):
    r"""One hidden layer, :math:`\mathrm{GELU}(D \, \mathrm{LN}(e))`.

    Examples
    --------
    >>> import torch
    >>> head = Mlp(dimension=768, n_classes=50, width=256, dropout=0.1)
    >>> hidden = head.hidden(torch.zeros(2, 768))
    >>> hidden.shape, head.classify(hidden).shape
    (torch.Size([2, 256]), torch.Size([2, 50]))
    """

    def __init__(self, dimension: int, n_classes: int, *, width: int, dropout: float) -> None:
        super().__init__(width, n_classes, dropout=dropout)
        self.norm = nn.LayerNorm(dimension)
        self.down = nn.Linear(dimension, width)

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
