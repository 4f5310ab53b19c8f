"""Cross-entropy of the classes, through the last layer."""

from torch import Tensor

from resound.registry import LOSSES
from resound.training.losses.loss import Loss


@LOSSES.register("cross_entropy")
class CrossEntropy(Loss):
    r"""The mean of :math:`-\sum_c t_c \log p_c` over the clips, with smoothed targets t.

    Examples
    --------
    Without knowledge of the class, the logarithm of how many there are:

    >>> import torch
    >>> loss = CrossEntropy(n_embedding=8, label_smoothing=0.1)
    >>> loss(torch.zeros(2, 8), torch.zeros(2, 4), torch.eye(4)[:2]).exp().round()
    tensor(4.)
    """

    def forward(self, embeddings: Tensor, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of a batch's logits.

        Parameters
        ----------
        embeddings : Tensor, shape (clips, n_embedding)
            Are not read.
        logits : Tensor, shape (clips, classes)
            What the last layer makes of them.
        targets : Tensor, shape (clips, classes)
            Shares of the classes.

        Returns
        -------
        Tensor, a scalar
            In nats.
        """
        return self.of_classes(logits, targets)
