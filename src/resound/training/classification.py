"""Training of a classifier on a feature: from its bank to its network and its predictions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from resound import store
from resound.data.index import read_clips
from resound.encoders.tensors import read_state
from resound.models.classifier import Classifier
from resound.registry import LOSSES, NETWORKS
from resound.store import AnyPath, StoredArray
from resound.training.augment import augment
from resound.training.callbacks import EpochHook
from resound.training.checkpoint import classify, describe, embed
from resound.training.folds import Rows
from resound.training.inputs import Float32, InputTransform, decibel_step, fit_transform
from resound.training.labelled import LabelledTask, LabelledTraining
from resound.training.losses.loss import Loss
from resound.training.mixing import Decibels
from resound.training.outcome import Outcome
from resound.training.run import Begun, Sounds, train
from resound.training.warping import Float64, bin_frequencies

# Features whose dims are the power of bands, in dB.
BANDS_IN_DECIBELS = ("mel", "mel_looped")


class ClassifierTraining(LabelledTraining):
    """Trains a classifier of a feature.

    Parameters
    ----------
    network : Classifier
        What is trained.
    n_classes : int
        Classes.
    decibels : Decibels
        How the features are read as decibels.
    frequencies : ndarray, shape (bins,), or None
        Of the bins of a plane, in Hz, where they have any.
    **options
        As `LabelledTraining`; ``augmentation`` as `resound.training.augment.augment` takes it.
    """

    block = "classification"
    network: Classifier

    def __init__(
        self,
        network: Classifier,
        n_classes: int,
        *,
        decibels: Decibels,
        frequencies: Float64 | None,
        **options: Any,
    ) -> None:
        super().__init__(network, n_classes, **options)
        self.decibels, self.frequencies = decibels, frequencies

    def varied(self, x: Tensor, targets: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return a batch varied as `augment` varies features.

        Parameters
        ----------
        x : Tensor, shape (batch, frames, dims)
            Standardised features.
        targets : Tensor, shape (batch, classes)
            Probabilities of the classes.
        rng : numpy.random.Generator
            Source of all draws.

        Returns
        -------
        x : Tensor, shape (batch, frames, dims)
        targets : Tensor, shape (batch, classes)
        """
        about: dict[str, Any] = {
            "n_planes": self.network.n_planes,
            "decibels": self.decibels.to(x.device),
            "frequencies": self.frequencies,
        }
        return augment(x, targets, rng, options=self.augmentation, **about)


class ClassifierTask(LabelledTask):
    """A network on a feature.

    Parameters
    ----------
    bank : StoredArray
        A feature of all clips.
    clips, spec
        As `resound.training.run.Task`.
    weights : mapping of str to Tensor, of any shape, optional
        What the network starts from, by the names of its state.
    waveforms : path, optional
        Clips that a mirror of the training may play.
    """

    rule = "train_classifier"

    def __init__(
        self,
        bank: StoredArray,
        clips: pd.DataFrame,
        spec: Mapping[str, Any],
        *,
        weights: Mapping[str, Tensor] | None = None,
        waveforms: AnyPath | None = None,
    ) -> None:
        super().__init__(bank.ids["clips"], clips, spec)
        self.bank, self.weights, self.waveforms = bank, weights, waveforms

    @classmethod
    def read(
        cls,
        spec: Mapping[str, Any],
        *,
        bank: AnyPath,
        clips: AnyPath,
        weights: AnyPath | None = None,
        waveforms: AnyPath | None = None,
    ) -> "ClassifierTask":
        """Return the task of files: a bank, the index, weights to start from, decoded clips."""
        return cls(
            store.open_array(bank, spec=spec["bank"]),
            read_clips(clips),
            spec,
            weights=read_state(Path(weights)) if weights else None,
            waveforms=waveforms,
        )

    def begin(self, training: Rows) -> Begun:
        """Build the network, and standardise its inputs by the clips that it trains on.

        Parameters
        ----------
        training : ndarray of int, shape (rows,)
            Rows of the bank whose frames decide mean and variance.

        Raises
        ------
        TrainingError
            Names the first clip with a value that is not finite.
        ParameterError
            When clips have fewer frames or bins than the network pools.
        """
        spec, ids = self.spec, self.bank.ids["clips"]
        transform = fit_transform(self.bank.values, ids, training.tolist(), **spec["input"])
        x = torch.from_numpy(transform.of_bank(self.bank.values, ids))
        network = build_network(spec, x.shape[2], len(self.classes), self.weights)
        network.embed(x[:1])  # says now that a clip is too short, not in a step
        module = ClassifierTraining(
            network,
            len(self.classes),
            loss=build_loss(spec, network.n_embedding),
            options=self.options,
            augmentation=spec["augmentation"],
            decibels=read_decibels(transform, spec["bank"]),
            frequencies=bin_frequencies(spec["bank"], transform.max_bins),
            seed=spec["seed"],
        )
        return Begun(module, x, {"input": transform.as_dict(), "network": describe(network, spec)})

    def logits(self, begun: Begun, rows: Rows) -> Float32:
        """Return the logits of clips, computed on the CPU.

        Parameters
        ----------
        begun : Begun
            Whose network was trained.
        rows : ndarray of int, shape (rows,)
            Rows of the bank.

        Returns
        -------
        ndarray, shape (rows, classes)
        """
        network = cast(Classifier, begun.network.cpu().eval())
        return classify(network, embed(network, np.asarray(begun.x)[rows]))

    def sounds(self) -> Sounds | None:
        """Return the decoded clips, if they were named."""
        if self.waveforms is None:
            return None
        spec = self.spec["bank"]["audio"]
        audio = store.open_array(self.waveforms, spec=spec, verify=False)
        clips = dict(zip(audio.ids["clips"], audio.values, strict=True))
        return Sounds(clips, spec["sample_rate"])


def train_classifier(
    bank: StoredArray,
    clips: pd.DataFrame,
    spec: Mapping[str, Any],
    *,
    weights: Mapping[str, Tensor] | None = None,
    resume: Path | None = None,
    on_epoch: EpochHook | None = None,
) -> Outcome:
    """Train one network on one feature: `train` of a `ClassifierTask`.

    Parameters
    ----------
    bank, clips, spec
        As `ClassifierTask`.
    weights : mapping of str to Tensor, of any shape, optional
        What the network starts from, by the names of its state.
    resume, on_epoch
        As `resound.training.run.train`.
    """
    task = ClassifierTask(bank, clips, spec, weights=weights)
    return train(task, resume=resume, on_epoch=on_epoch)


def read_decibels(transform: InputTransform, bank_spec: Mapping[str, Any]) -> Decibels:
    """Return how the standardised values of a bank are read as decibels."""
    return Decibels(
        torch.from_numpy(decibel_step(transform, bank_spec)),
        torch.from_numpy(transform.mean.astype(np.float32)),
        bank_spec["feature"] in BANDS_IN_DECIBELS,
    )


def build_network(
    spec: Mapping[str, Any], n_dims: int, n_classes: int, weights: Mapping[str, Tensor] | None
) -> Classifier:
    """Return the network of a spec with the parameters that its seed, or `weights`, gives it.

    Seeds torch.

    Parameters
    ----------
    spec : mapping
        ``network, options, seed``, and of ``input`` its ``n_planes``.
    n_dims, n_classes : int
        Dims of its inputs, and classes.
    weights : mapping of str to Tensor, of any shape, or None
        What it starts from, by the names of its state.

    Raises
    ------
    ParameterError
        For an unknown network, or dims that it cannot pool.

    Examples
    --------
    >>> options = {"channels": [4, 6]}
    >>> spec = {"network": "cnn", "options": options, "seed": 0, "input": {"n_planes": 1}}
    >>> build_network(spec, n_dims=8, n_classes=3, weights=None)(torch.zeros(5, 12, 8)).shape
    torch.Size([5, 3])
    """
    torch.manual_seed(spec["seed"])
    start = {} if weights is None else {"weights": weights}
    network: Classifier = NETWORKS[spec["network"]](
        n_dims, n_classes, n_planes=spec["input"]["n_planes"], **spec["options"], **start
    )
    return network


def build_loss(spec: Mapping[str, Any], n_embedding: int) -> Loss:
    """Return the loss of a spec with its options."""
    options = {**spec["loss"], "label_smoothing": spec["label_smoothing"]}
    loss: Loss = LOSSES[options.pop("name")](n_embedding, **options)
    return loss
