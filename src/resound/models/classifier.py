"""Classifier: what all networks that classify clips have in common."""

from torch import Tensor, nn

from resound.errors import ParameterError
from resound.models.network import Network
from resound.registry import where


class Classifier(Network):
    """A network in two parts: from a clip to a hidden vector, and from there to the classes.

    What it embeds a clip as is the hidden vector before the classes, shape (batch, n_embedding).
    The last layer of a subclass is a linear one, called `head` unless the network's published
    weights name it otherwise.
    """

    head: nn.Module

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of clips.

        Parameters
        ----------
        x : Tensor, shape (batch, frames, dims)
            A feature of each clip, standardised.

        Returns
        -------
        Tensor, shape (batch, n_classes)
        """
        return self.classify(self.embed(x))

    def classify(self, embedding: Tensor) -> Tensor:
        """Return the logits of hidden vectors.

        Parameters
        ----------
        embedding : Tensor, shape (batch, n_embedding)
            Hidden vectors, as `embed` returns them.

        Returns
        -------
        Tensor, shape (batch, n_classes)
        """
        logits: Tensor = self.head(embedding)
        if logits.ndim != 2 or len(logits) != len(embedding):
            raise ParameterError(
                f"{type(self).__name__}, {where(type(self))}: its head returned the shape "
                f"{tuple(logits.shape)}; for {len(embedding)} clips it must be "
                f"({len(embedding)}, classes)"
            )
        return logits
