"""The Lightning module of every training: its seeds, its optimizer, its learning rate."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from lightning import LightningModule
from torch import Tensor, nn

from resound.errors import TrainingError

UNDECAYED_NDIM = 1


class NetworkTraining(LightningModule):
    """Trains a network by AdamW; a subclass writes the steps.

    All randomness of a step is drawn from (seed, epoch, batch), so that nothing but the epoch needs
    to be known to go on exactly where a run stopped.

    Parameters
    ----------
    network : Module
        What is trained.
    options : mapping
        ``learning_rate`` (the largest), ``weight_decay``, ``warmup_epochs``, and ``epochs``, at
        whose end the learning rate is 0: a training that is stopped before follows the same
        schedule up to there.
    seed : int
        Decides all that is random in a step.
    """

    block = ""  # of the config, where the options stand

    def __init__(self, network: nn.Module, *, options: Mapping[str, Any], seed: int) -> None:
        super().__init__()
        self.network, self.options, self.seed = network, dict(options), seed

    def forward(self, x: Tensor) -> Tensor:
        """Return the network's output of a batch.

        Parameters
        ----------
        x : Tensor, shape (batch, ...)
            Inputs, as the network reads them.

        Returns
        -------
        Tensor, shape (batch, ...)
            A classifier's logits (batch, classes), an autoencoder's clips in the shape of `x`.
        """
        output: Tensor = self.network(x)
        return output

    def seeded(self, index: int) -> np.random.Generator:
        """Seed torch for one step of the epoch, and return a generator for it."""
        # Number 0 of an epoch draws the order of its clips.
        rng = np.random.default_rng([self.seed, self.current_epoch, 1 + index])
        torch.manual_seed(int(rng.integers(2**63)))
        return rng

    def finite(self, loss: Tensor) -> Tensor:
        """Return a loss that can be learned from.

        Parameters
        ----------
        loss : Tensor, a scalar
            Of one step.

        Returns
        -------
        Tensor, a scalar
            The same.

        Raises
        ------
        TrainingError
            When it is NaN or infinite.
        """
        if not torch.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss.item()} in epoch {self.current_epoch + 1}: training diverged; "
                f"lower {self.block}.learning_rate"
            )
        return loss

    def layers(self) -> list[tuple[list[nn.Parameter], float]]:
        """Return the parameters to train in groups, each with its largest learning rate."""
        return [([*self.parameters()], self.options["learning_rate"])]

    def configure_optimizers(self) -> Any:
        """Return AdamW, without decay of biases and norms, and its schedule by step."""
        groups: list[dict[str, Any]] = []
        for layer, rate in self.layers():
            trained = [p for p in layer if p.requires_grad]
            decayed = [p for p in trained if p.ndim > UNDECAYED_NDIM]
            others = [p for p in trained if p.ndim <= UNDECAYED_NDIM]
            decay = self.options["weight_decay"]
            groups.append({"params": decayed, "lr": rate, "weight_decay": decay})
            groups.append({"params": others, "lr": rate, "weight_decay": 0.0})
        optimizer = torch.optim.AdamW(groups)
        of_an_epoch = int(self.trainer.estimated_stepping_batches) // (self.trainer.max_epochs or 1)
        steps = of_an_epoch * self.options["epochs"]
        warmup = round(steps * self.options["warmup_epochs"] / self.options["epochs"])
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: learning_rate_factor(step, warmup, steps)
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def learning_rate_factor(step: int, warmup: int, steps: int) -> float:
    r"""Return the learning rate of a step as a share of the largest.

    It rises linearly over `warmup` steps, ``(step + 1) / warmup``, then falls along half a cosine,

    .. math:: \tfrac12 \left(1 + \cos \pi \frac{step - warmup}{steps - warmup}\right).

    Parameters
    ----------
    step : int
        From 0.
    warmup, steps : int
        Steps until the rate is largest, and until it is 0.

    Returns
    -------
    float
        In [0, 1].

    References
    ----------
    I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
    equation 5, without restarts.

    Examples
    --------
    >>> [round(learning_rate_factor(step, 2, 6), 2) for step in range(7)]
    [0.5, 1.0, 1.0, 0.85, 0.5, 0.15, 0.0]
    """
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
