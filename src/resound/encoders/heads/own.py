"""Own: the hidden layer through which an encoder told the classes that it was trained on."""

from torch import Tensor, nn

from resound.encoders.heads.head import Head
from resound.registry import HEADS


@HEADS.register("own", own_layer=True)
class Own(Head):
    r"""The encoder's own hidden layer, which goes on learning, and new classes.

    A layer that has told many classes apart tells few of them apart from the first step on, where a
    new one begins at random; what F. Schmid et al. (ICASSP 2023) do on ESC-50.

    Parameters
    ----------
    dimension : int
        Numbers of the encoder's embedding.
    n_classes : int
        Classes.
    width : int
        Is not used: the layer has its width.
    dropout : float
        As `Head`.
    layer : Module
        A copy of the layer, `resound.encoders.encoder.Encoder.hidden_layer`.

    Examples
    --------
    >>> import torch
    >>> layer = nn.Sequential(nn.Linear(384, 512), nn.Hardswish())
    >>> head = Own(384, n_classes=50, width=0, dropout=0.1, layer=layer)
    >>> head.hidden(torch.zeros(2, 384)).shape
    torch.Size([2, 512])
    """

    def __init__(
        self, dimension: int, n_classes: int, *, width: int, dropout: float, layer: nn.Sequential
    ) -> None:
        n_hidden = layer(next(layer.parameters()).new_zeros(1, dimension)).shape[1]
        super().__init__(n_hidden, n_classes, dropout=dropout)
        self.layer = layer

    def hidden(self, embedding: Tensor) -> Tensor:
        """Return what the layer makes of embeddings.

        Parameters
        ----------
        embedding : Tensor, shape (clips, dimension)
            Of the encoder.

        Returns
        -------
        Tensor, shape (clips, n_hidden)
        """
        hidden: Tensor = self.layer(embedding)
        return hidden
