"""Loss: the base of all that a classifier is trained by."""

from torch import Tensor, nn
from torch.nn.functional import cross_entropy


class Loss(nn.Module):
    """The quantity that a classifier's training makes smaller; a subclass says what it needs.

    Layers of its own are trained with the network and thrown away after training.

    Parameters
    ----------
    n_embedding : int
        Numbers of an embedding.
    label_smoothing : float
        Share of a target that is spread over all classes.

    Attributes
    ----------
    n_views : int
        How often each batch is varied: the loss is given so many views of every clip, one batch of
        them after the other.
    mixes : bool
        Whether a clip may be mixed with one of another class.
    through_classes : bool
        Whether the loss reads the logits, and moves the embedding through the last layer. Otherwise
        that layer learns apart, by cross-entropy on embeddings through which no gradient flows: the
        accuracy can be told, and decides nothing of them.
    """

    n_views = 1
    mixes = True
    through_classes = True

    def __init__(self, n_embedding: int, *, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.n_embedding, self.label_smoothing = n_embedding, label_smoothing

    def forward(self, embeddings: Tensor, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of a batch.

        Parameters
        ----------
        embeddings : Tensor, shape (n_views * clips, n_embedding)
            Of the varied clips.
        logits : Tensor, shape (n_views * clips, classes)
            What the last layer makes of them.
        targets : Tensor, shape (n_views * clips, classes)
            Shares of the classes; where nothing is mixed, 1 for the one class.

        Returns
        -------
        Tensor, a scalar
            In nats.
        """
        raise NotImplementedError

    def of_classes(self, logits: Tensor, targets: Tensor) -> Tensor:
        r"""Return the cross-entropy of logits, with smoothed targets.

        .. math:: -\frac1n \sum_{i, c} \left((1 - s) t_{ic} + \frac{s}{C}\right) \log p_{ic}

        with the softmax p of the logits, C classes and the share s of `label_smoothing`.

        Parameters
        ----------
        logits : Tensor, shape (clips, classes)
            Of one batch.
        targets : Tensor, shape (clips, classes) or (clips,)
            Shares of the classes, or class numbers.

        Returns
        -------
        Tensor, a scalar
            In nats.
        """
        return cross_entropy(logits.float(), targets, label_smoothing=self.label_smoothing)
