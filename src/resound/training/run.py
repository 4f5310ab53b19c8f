"""The course of a training, from its clips to what it leaves: one for networks of every kind.

A `Task` says what is particular to a kind of training: its network, its inputs, what is tested of
it. `train` takes a task through what all have in common, and `train_and_keep` does so for a job,
which may be killed, is watched, and leaves files.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from resound.errors import ParameterError, TrainingError
from resound.experiment.asides import Tracking
from resound.models.network import Network
from resound.provenance import spec_digest
from resound.store import AnyPath
from resound.training.callbacks import EpochHook
from resound.training.checkpoint import resume_path, write_checkpoint
from resound.training.data import ClipData
from resound.training.fit import Fit, fit
from resound.training.folds import Rows
from resound.training.module import NetworkTraining
from resound.training.outcome import Outcome, write_tables
from resound.training.record import new_record
from resound.training.selection import train_selected
from resound.training.tracking import Tracker

Float32 = npt.NDArray[np.float32]
log = logging.getLogger(__name__)


class Division(NamedTuple):
    """Rows of the clips, by what they may be used for.

    Attributes
    ----------
    training, validation : ndarray of int, shapes (n_training,) and (n_validation,)
        Those that are trained on, and those that choose the epoch.
    every : ndarray of int, shape (n_every,)
        All that may be seen, once it is chosen.
    """

    training: Rows
    validation: Rows
    every: Rows


class Sounds(NamedTuple):
    """Clips that can be heard.

    Attributes
    ----------
    waveforms : mapping of str to ndarray, shape (samples,)
        Samples of each clip by its id, in [-1, 1].
    sample_rate : int
        In Hz.
    """

    waveforms: Mapping[str, Float32]
    sample_rate: int


@dataclass(frozen=True)
class Begun:
    """A training before its first step.

    Attributes
    ----------
    module : NetworkTraining
        What is fitted, with the network in it.
    x : Tensor or ndarray, shape (clips, frames, dims) or (clips, samples)
        Inputs of all clips: standardised features, or waveforms.
    about : dict
        What the record says of inputs and network.
    """

    module: NetworkTraining
    x: Tensor | Float32
    about: dict[str, Any]

    @property
    def network(self) -> nn.Module:
        """The part of the module that stays after training."""
        return self.module.network


class Task:
    """One kind of training; a subclass writes `rows`, `begin` and `outcome`.

    Parameters
    ----------
    ids : list of str
        The clips of the inputs, in their order.
    clips : DataFrame
        The index.
    spec : mapping
        As `resound.experiment.specs.training` makes it.

    Attributes
    ----------
    rule : str
        The rule of the workflow that trains so.
    fit_options : tuple of str
        Keys of the spec that `fit` takes as they stand.
    """

    rule: ClassVar[str]
    fit_options: ClassVar[tuple[str, ...]] = ("accelerator", "precision", "average")

    def __init__(self, ids: list[str], clips: pd.DataFrame, spec: Mapping[str, Any]) -> None:
        self.clips, self.spec = clips.set_index("id", drop=False).loc[ids], spec

    # What it is

    @cached_property
    def options(self) -> dict[str, Any]:
        """The spec with its ``epochs``: those of its ``steps``, where it counts these."""
        epochs, steps = self.spec["epochs"], self.spec["steps"]
        if steps is not None:
            batches = -(-len(self.rows().training) // self.spec["batch_size"])
            epochs = max(1, round(steps / -(-batches // self.spec.get("accumulate", 1))))
        return {**self.spec, "epochs": epochs}

    @property
    def title(self) -> str:
        """Its name in a log."""
        return f"{self.spec['network']} on {self.spec['bank']['feature']}"

    @property
    def threads(self) -> int:
        """Threads that torch computes it with."""
        return int(self.spec["threads"])

    def labels(self) -> dict[str, Any]:
        """Return what the record says of the classes before anything is trained."""
        return {}

    def choosing(self) -> dict[str, Any]:
        """Return what the record says of the folds that choose the epoch."""
        return {}

    # What it learns

    def check(self) -> None:
        """Raise what is wrong with the inputs at a glance."""

    def rows(self) -> Division:
        """Divide the clips."""
        raise NotImplementedError

    def targets(self) -> Tensor:
        """Return what each clip's output is compared with, beside its input: numbers (clips,)."""
        return torch.zeros(len(self.clips))

    def begin(self, training: Rows) -> Begun:
        """Return a new training on rows: always the same one for the same rows.

        Parameters
        ----------
        training : ndarray of int, shape (rows,)
            Rows of the inputs that are trained on.
        """
        raise NotImplementedError

    # What it leaves

    def answers(self, begun: Begun, rows: Rows) -> Tensor:
        """Return what a trained network makes of clips that choose: of no kind anything here.

        Parameters
        ----------
        begun : Begun
            Whose network was trained.
        rows : ndarray of int, shape (rows,)
            Rows of the inputs.

        Returns
        -------
        Tensor, shape (rows, ...)
        """
        return torch.zeros(len(rows), 0)

    def outcome(
        self,
        record: dict[str, Any],
        begun: Begun,
        history: pd.DataFrame,
        *,
        choosing: tuple[Rows, Tensor] | None = None,
    ) -> Outcome:
        """Return the network with what is tested of it.

        Parameters
        ----------
        record : dict
            Of the training.
        begun : Begun
            Whose network was trained.
        history : DataFrame
            A row an epoch.
        choosing : (rows, answers), optional
            The rows that chose the epoch, and what `answers` told of them then.
        """
        raise NotImplementedError

    def failure(self, record: dict[str, Any], error: Exception) -> Outcome:
        """Return what is left where nothing could be trained."""
        raise NotImplementedError

    def write_network(self, outcome: Outcome, weights: AnyPath, model: AnyPath) -> None:
        """Write weights and record."""
        write_checkpoint(weights, model, cast(Network | None, outcome.network), outcome.record)

    def sounds(self) -> Sounds | None:
        """Return the clips that a mirror of the training may play; None where nothing is tested."""
        return None


def train(task: Task, *, resume: Path | None = None, on_epoch: EpochHook | None = None) -> Outcome:
    """Train, or record why it cannot be.

    Inputs that are not finite, clips too short, a single class and a loss that diverges are
    findings: they end in an outcome without a network that says so.

    Parameters
    ----------
    task : Task
        What is trained.
    resume : pathlib.Path, optional
        The checkpoint of an interrupted run of this very spec.
    on_epoch : callable, optional
        Is given each epoch's row of the history.
    """
    record = {**new_record(task.spec), **task.labels()}
    try:
        return _train(task, record, resume, on_epoch)
    except (TrainingError, ParameterError) as error:
        log.warning("%s: not trained: %s", task.title, error)
        return task.failure(record, error)


def _train(
    task: Task, record: dict[str, Any], resume: Path | None, on_epoch: EpochHook | None
) -> Outcome:
    task.check()
    rows = task.rows()
    hooks: dict[str, Any] = {
        "answers": lambda begun: task.answers(begun, rows.validation),
        "resume": resume,
        "on_epoch": on_epoch,
    }
    begun, done, chose = train_selected(partial(_train_once, task), *rows, task.options, **hooks)
    seen = task.clips["fold"].to_numpy()[np.union1d(rows.training, rows.validation)]
    record = {
        **record,
        "folds_seen": np.unique(seen).tolist(),
        **task.choosing(),
        **begun.about,
        "training": done.as_dict(begun.network),
    }
    choosing = None if chose is None else (rows.validation, chose)
    return task.outcome(record, begun, pd.DataFrame(done.history), choosing=choosing)


def _train_once(task: Task, training: Rows, validation: Rows, **stretch: Any) -> tuple[Begun, Fit]:
    spec, begun = task.spec, task.begin(training)
    batches = {"batch_size": spec["batch_size"], "seed": spec["seed"]}
    data = ClipData(begun.x, task.targets(), training, validation, **batches)
    options = {key: spec[key] for key in task.fit_options}
    return begun, fit(begun.module, data, **options, **stretch)


def train_and_keep(
    task: Task,
    files: Mapping[str, AnyPath],
    *,
    cell: Mapping[str, str],
    code: str = "",
    tracking: Tracking | None = None,
) -> Outcome:
    """Train as a job: go on where a killed run stopped, report, write what came out.

    Sets torch's number of threads to the task's.

    Parameters
    ----------
    task : Task
        What is trained.
    files : mapping of str to path
        Where ``weights, model, history`` go, and of what is tested ``predictions, confusion,
        choosing``.
    cell : mapping of str to str
        The coordinates of the training, ``network`` and ``feature`` among them.
    code : str
        A digest of what computes it: a killed run of other code is not gone on with.
    tracking : Tracking, optional
        Where it reports to.
    """
    torch.set_num_threads(task.threads)
    digest = spec_digest(task.spec, code)
    resume = resume_path(files["model"], digest)
    about: dict[str, Any] = {"job_type": task.rule, "cell": cell, "spec": task.spec}
    tracker = Tracker(tracking, digest, **about)
    outcome = train(task, resume=resume, on_epoch=tracker.epoch)
    task.write_network(outcome, files["weights"], files["model"])
    write_tables(outcome, files)
    tracker.finish(outcome.record, outcome.predictions, *(task.sounds() or ()))
    resume.unlink(missing_ok=True)
    return outcome
