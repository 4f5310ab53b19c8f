"""Adapter: a bottleneck beside the embedding."""

from torch import Tensor, nn

from resound.encoders.heads.head import Head
from resound.registry import HEADS


@HEADS.register("adapter")
class Adapter(Head):
    r"""A bottleneck beside the embedding, :math:`e + U \, \mathrm{GELU}(D \, \mathrm{LN}(e))`.

    U is 0 at first, so that training starts from the embedding itself (Houlsby et al.,
    "Parameter-efficient transfer learning for NLP", ICML 2019).

    Examples
    --------
    >>> import torch
    >>> head, embedding = Adapter(8, n_classes=3, width=4, dropout=0.1), torch.ones(2, 8)
    >>> torch.equal(head.hidden(embedding), embedding)
    True
    """

    def __init__(self, dimension: int, n_classes: int, *, width: int, dropout: float) -> None:
        super().__init__(dimension, n_classes, dropout=dropout)
        self.norm = nn.LayerNorm(dimension)
        self.down = nn.Linear(dimension, width)
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
