"""Cross-entropy of the classes, through the last layer."""

from torch import Tensor

from resound.registry import LOSSES
from resound.training.losses.loss import Loss


@LOSSES.register("cross_entropy")
class CrossEntropy(Loss):
    r"""The mean of :math:`-\sum_c t_c \log p_c` over the clips, with smoothed targets t."""

    def forward(self, embeddings: Tensor, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of a batch's logits."""
        return self.of_classes(logits, targets)
