"""Supervised contrastive training: clips of a class are drawn together, all others apart."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from resound.models.classifier import Classifier
from resound.training.classification import ClassifierTraining


class ContrastiveTraining(ClassifierTraining):
    """Trains a classifier's embedding by `supcon_loss`, and its last layer on what comes of it.

    Each batch is augmented twice, without mixup: a mixed clip has no one class. The loss compares
    projections of the embeddings of both views, by two layers that are thrown away after training.
    The last layer learns by cross-entropy from embeddings through which no gradient flows, so that
    the accuracy can be told and decides nothing of them.

    Parameters
    ----------
    network, n_classes, **options
        As `ClassifierTraining`; ``options["loss"]`` has ``temperature`` and ``projection``, the
        length of a projection.
    """

    def __init__(self, network: Classifier, n_classes: int, **options: Any) -> None:
        super().__init__(network, n_classes, **options)
        loss, width = self.options["loss"], network.n_embedding
        self.temperature: float = loss["temperature"]
        self.project = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(inplace=True), nn.Linear(width, loss["projection"])
        )
        self.augmentation["mixup"] = 0

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Return the contrastive loss of a batch's two views and the last layer's, added."""
        x, y = batch
        rng = self.seeded(index)
        views = [self.varied(x, self.one_hot(y, x), rng)[0] for _ in range(2)]
        labels, embeddings = torch.cat([y, y]), self.network.embed(torch.cat(views))
        projections = normalize(self.project(embeddings).float(), dim=1)
        logits = self.network.classify(embeddings.detach())
        smoothing = self.options["label_smoothing"]
        loss = self.finite(
            supcon_loss(projections, labels, self.temperature)
            + cross_entropy(logits.float(), labels, label_smoothing=smoothing)
        )
        self._record("train", loss, logits, labels)
        return loss


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
    Tensor
        A scalar; 0 when no class stands there twice.
    """
    itself = torch.eye(len(z), dtype=torch.bool, device=z.device)
    similarity = (z @ z.T / temperature).masked_fill(itself, float("-inf"))
    positive = (labels[:, None] == labels) & ~itself
    log_share = similarity.log_softmax(1).masked_fill(~positive, 0.0)
    n_positive = positive.sum(1)
    losses = -log_share.sum(1) / n_positive.clamp(min=1)
    return losses.sum() / (n_positive > 0).sum().clamp(min=1)
