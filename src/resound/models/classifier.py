"""What every network of a classifier has in common."""

from torch import Tensor, nn

from resound.models.network import Network


class Classifier(Network):
    """A network in two parts: from a clip to a hidden vector, and from there to the classes.

    What it embeds a clip as is the hidden vector before the classes, shape (batch, n_embedding).
    The last layer of a subclass is a linear one, called `head` unless the network's published
    weights name it otherwise.
    """

    head: nn.Module

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (batch, classes) of clips (batch, frames, dims)."""
        return self.classify(self.embed(x))

    def classify(self, embedding: Tensor) -> Tensor:
        """Return the logits (batch, classes) of hidden vectors (batch, n_embedding)."""
        logits: Tensor = self.head(embedding)
        return logits
