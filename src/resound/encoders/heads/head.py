"""Heads of fine-tuned encoders: what all of them have in common."""

from torch import Tensor, nn


class Head(nn.Module):
    """A hidden vector of each clip, and from there the classes.

    Parameters
    ----------
    n_hidden : int
        Numbers of the hidden vector.
    n_classes : int
        Classes.
    dropout : float
        Share of the hidden vector's numbers that a step of training leaves out.
    """

    def __init__(self, n_hidden: int, n_classes: int, *, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(n_hidden, n_classes)

    def hidden(self, embedding: Tensor) -> Tensor:
        """Return the hidden vectors of embeddings.

        Parameters
        ----------
        embedding : Tensor, shape (clips, dimension)
            Of the encoder.

        Returns
        -------
        Tensor, shape (clips, n_hidden)
        """
        raise NotImplementedError

    def classify(self, hidden: Tensor) -> Tensor:
        """Return the logits of hidden vectors.

        Parameters
        ----------
        hidden : Tensor, shape (clips, n_hidden)
            As `hidden` returns them.

        Returns
        -------
        Tensor, shape (clips, n_classes)
        """
        logits: Tensor = self.classes(self.dropout(hidden))
        return logits
