"""Supervised contrastive loss: clips of a class are drawn together, all others apart."""

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from resound.registry import LOSSES
from resound.training.losses.loss import Loss


@LOSSES.register("supcon")
class SupCon(Loss):
    """`supcon_loss` of projections of the embeddings of two views of each clip.

    Without mixup: a mixed clip has no one class.

    Parameters
    ----------
    n_embedding, label_smoothing
        As `Loss`.
    temperature : float
        Of the similarities; lower: the nearest clips count for more.
    projection : int
        Numbers of a projection, which two layers make.
    """

    n_views = 2
    mixes = False
    through_classes = False

    def __init__(
        self,
        n_embedding: int,
        *,
        label_smoothing: float = 0.0,
        temperature: float = 0.1,
        projection: int = 64,
    ) -> None:
        super().__init__(n_embedding, label_smoothing=label_smoothing)
        self.temperature = temperature
        self.project = nn.Sequential(
            nn.Linear(n_embedding, n_embedding),
            nn.ReLU(inplace=True),
            nn.Linear(n_embedding, projection),
        )

    def forward(self, embeddings: Tensor, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the contrastive loss of a batch's embeddings.

        Parameters
        ----------
        embeddings : Tensor, shape (n_views * clips, n_embedding)
            Of the varied clips.
        logits : Tensor, shape (n_views * clips, classes)
            Are not read.
        targets : Tensor, shape (n_views * clips, classes)
            1 for the class of a clip.

        Returns
        -------
        Tensor, a scalar
            In nats.
        """
        projections = normalize(self.project(embeddings).float(), dim=1)
        return supcon_loss(projections, targets.argmax(1), self.temperature)


def supcon_loss(z: Tensor, labels: Tensor, temperature: float) -> Tensor:
    r"""Return the supervised contrastive loss of a batch.

    .. math::
        \frac{1}{|I|} \sum_{i \in I} \frac{-1}{|P(i)|} \sum_{p \in P(i)}
        \log \frac{\exp(z_i \cdot z_p / \tau)}{\sum_{a \ne i} \exp(z_i \cdot z_a / \tau)}

    with P(i) all others of the class of i, and I those that have any. Khosla et al., "Supervised
    contrastive learning", NeurIPS 2020, equation 2.

    Parameters
    ----------
    z : Tensor, shape (n, d)
        Vectors of length 1.
    labels : Tensor, shape (n,)
        Their classes.
    temperature : float
        tau.

    Returns
    -------
    Tensor, a scalar
        In nats; 0 when no class stands there twice.

    Examples
    --------
    Where nothing tells the clips apart, the one of the same class has a half of the two others:

    >>> supcon_loss(torch.ones(3, 1), torch.tensor([0, 0, 1]), temperature=0.1).exp().round()
    tensor(2.)
    """
    itself = torch.eye(len(z), dtype=torch.bool, device=z.device)
    similarity = (z @ z.T / temperature).masked_fill(itself, float("-inf"))
    positive = (labels[:, None] == labels) & ~itself
    log_share = similarity.log_softmax(1).masked_fill(~positive, 0.0)
    n_positive = positive.sum(1)
    losses = -log_share.sum(1) / n_positive.clamp(min=1)
    return losses.sum() / (n_positive > 0).sum().clamp(min=1)
