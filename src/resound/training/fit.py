"""The fit of one network: exactly repeatable and exactly resumable."""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.callbacks import Callback

from resound.errors import EnvironmentProblem
from resound.models.network import count_parameters
from resound.training.callbacks import (
    AverageWeights,
    BestEpoch,
    EpochHook,
    History,
    KeepCheckpoint,
    KeepChoice,
    chosen_in,
    load_best,
)
from resound.training.data import ClipData

# What Lightning warns of that is meant so here, or is a matter between it and torch.
ADVICE = (
    ".*does not have many workers.*",
    ".*across ranks is zero.*",
    ".*have no `validation_step`.*",
    ".*in eval mode at the start of training.*",
    ".*`srun` command is available.*",
    r".*isinstance\(treespec, LeafSpec\).*",
)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fit:
    """The course that a training took.

    Attributes
    ----------
    history : list of dict
        A row an epoch: `epoch` from 1, `learning_rate` at its end, `train_loss`,
        `train_accuracy` (under augmentation), and the same of the validation where there is one.
    epoch : int
        The epoch whose weights the network has.
    clips : int
        How many it was trained on.
    seconds : float
        Time in training epochs, summed over all parts of an interrupted run.
    device, precision : str
        What it ran on, and in what arithmetic.
    """

    history: list[dict[str, float]]
    epoch: int
    clips: int
    seconds: float
    device: str
    precision: str

    def as_dict(self, network: torch.nn.Module) -> dict[str, Any]:
        """Return what the record of a training says of it."""
        return {
            "epoch": self.epoch,
            "clips": self.clips,
            "parameters": count_parameters(network),
            "seconds": round(self.seconds, 2),
            "device": self.device,
            "precision": self.precision,
            "threads": torch.get_num_threads(),
        }


def fit(
    module: LightningModule,
    data: ClipData,
    *,
    epochs: int,
    accelerator: str = "auto",
    precision: str = "auto",
    accumulate: int = 1,
    gradient_clip: float = 0.0,
    average: float = 0.0,
    resume: Path | None = None,
    on_epoch: EpochHook | None = None,
    choice: Mapping[str, Any] | None = None,
) -> Fit:
    """Train `module` for some epochs, or finish the training that a checkpoint holds.

    With a validation set, the module ends with the weights of its best epoch; otherwise with those
    of the last one.

    Parameters
    ----------
    module : LightningModule
        With all its randomness decided by its own seed, epoch and batch.
    data : ClipData
        The batches.
    epochs : int
        Passes over the training clips; the module's own ``options["epochs"]`` are those of its
        schedule, which may go on beyond.
    accelerator : str
        ``auto`` takes a GPU when there is one; ``cpu``, ``gpu``.
    precision : str
        ``auto``: bfloat16 or float16 where a GPU has it, float32 on a CPU; ``fastest``: the
        same, but bfloat16 on a CPU that multiplies in it; or Lightning's names, ``32-true``,
        ``bf16-mixed``, ``16-mixed``.
    accumulate : int
        Batches whose gradients, averaged, make one step.
    gradient_clip : float
        Largest norm of a step's gradient; 0 for no bound.
    average : float
        Decay of the moving average of the weights, which are kept; 0 for the last weights.
    resume : pathlib.Path, optional
        The checkpoint: read when it is there, replaced after every epoch.
    on_epoch : callable, optional
        Is given each epoch's row of the history as it is made.
    choice : mapping, optional
        What an earlier training chose, kept in the checkpoint: this one is the second, and begins
        anew where the checkpoint is still of the first.
    """
    history = History(on_epoch)
    callbacks: list[Callback] = [history]
    averaged = AverageWeights(average) if average else None
    best = BestEpoch(averaged) if len(data.validation) else None
    callbacks += [part for part in (averaged, best) if part]
    callbacks += [KeepChoice(choice)] if choice is not None else []
    callbacks += [KeepCheckpoint(resume)] if resume else []
    with _without_advice():
        steps = {"accumulate_grad_batches": accumulate, "gradient_clip_val": gradient_clip or None}
        trainer = _trainer(epochs, accelerator, precision, callbacks, steps)
        trainer.fit(module, data, ckpt_path=_checkpoint(resume, choice))
    if averaged:  # a fit that a checkpoint found complete took no step that would have done so
        module.load_state_dict(averaged.weights())
    epoch = load_best(best, module) if best else epochs
    n_clips, device = len(data.training), _device_name(trainer)
    return Fit(history.rows, epoch, n_clips, history.seconds, device, str(trainer.precision))


def _checkpoint(path: Path | None, choice: Mapping[str, Any] | None) -> Path | None:
    """Return the checkpoint to go on from: of a second training none that the first one wrote."""
    if path is None or not path.exists() or (choice is not None and chosen_in(path) is None):
        return None
    log.info("going on from %s", path)
    return path


def _trainer(
    epochs: int,
    accelerator: str,
    precision: str,
    callbacks: list[Callback],
    steps: Mapping[str, Any],
) -> Trainer:
    cuda = accelerator != "cpu" and torch.cuda.is_available()
    if accelerator == "gpu" and not cuda:
        raise EnvironmentProblem(
            "accelerator: gpu, but torch finds no GPU that it can use; set "
            "accelerator: auto, or install a torch that fits the driver"
        )
    options: Mapping[str, Any] = {
        "max_epochs": epochs,
        "accelerator": accelerator,
        "devices": 1,
        "precision": _precision(precision, cuda),
        "callbacks": callbacks,
        **steps,
        # Some operations have no deterministic form on a GPU; there the rest is.
        "deterministic": "warn" if cuda else True,
        "num_sanity_val_steps": 0,
        "log_every_n_steps": 1,
        # Every job trains by itself, on a cluster too.
        "plugins": [LightningEnvironment()],
        **dict.fromkeys(("logger", "enable_checkpointing"), False),
        **dict.fromkeys(("enable_progress_bar", "enable_model_summary"), False),
    }
    return Trainer(**options)


def _precision(asked: str, cuda: bool) -> str:
    """Return Lightning's name of the arithmetic that is asked for."""
    if asked not in ("auto", "fastest"):
        return asked
    if cuda:
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
    features = torch.cpu.get_capabilities()
    bfloat16 = features.get("avx512_bf16") or features.get("amx_bf16")
    return "bf16-mixed" if asked == "fastest" and bfloat16 else "32-true"


def _device_name(trainer: Trainer) -> str:
    device = trainer.strategy.root_device
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


@contextmanager
def _without_advice() -> Iterator[None]:
    """Keep Lightning's advice on workers and loggers out: the batches stand in memory."""
    loggers = [logging.getLogger(f"lightning.{part}") for part in ("pytorch", "fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for message in ADVICE:
                warnings.filterwarnings("ignore", message)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
