"""Fine-tuning of an encoder with a head on it: from waveforms to its network and predictions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from resound import store
from resound.data.index import read_clips
from resound.encoders.classifier import EncoderClassifier, build_classifier
from resound.encoders.encoder import Encoder
from resound.store import AnyPath, StoredArray
from resound.training.augment import augment_waveforms
from resound.training.callbacks import EpochHook
from resound.training.checkpoint import write_tensors
from resound.training.encoding import Float32, load_encoder, run_over
from resound.training.folds import Rows
from resound.training.labelled import LabelledTask, LabelledTraining
from resound.training.losses.cross_entropy import CrossEntropy
from resound.training.outcome import Outcome
from resound.training.run import Begun, Sounds, Task, train


class FinetuneTraining(LabelledTraining):
    """Trains an encoder and its head, each layer at a learning rate of its own.

    That of the head, and of layers that the loss has, is ``learning_rate``; the encoder's last
    layer has ``encoder_learning_rate``, and each layer before it ``layer_decay`` times that of the
    next.
    """

    block = "finetune"
    network: EncoderClassifier

    def layers(self) -> list[tuple[list[nn.Parameter], float]]:
        """Return the head, then the encoder's layers from its output to its input."""
        rate, decay = self.options["encoder_learning_rate"], self.options["layer_decay"]
        groups = self.network.encoder.layer_groups()
        encoder = [(group, rate * decay**depth) for depth, group in enumerate(reversed(groups))]
        new = [*self.network.head.parameters(), *self.loss.parameters()]
        return [(new, self.options["learning_rate"]), *encoder]

    def varied(self, x: Tensor, targets: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return a batch varied as `augment_waveforms` varies waveforms.

        Parameters
        ----------
        x : Tensor, shape (batch, samples)
            Waveforms.
        targets : Tensor, shape (batch, classes)
            Probabilities of the classes.
        rng : numpy.random.Generator
            Source of all draws.

        Returns
        -------
        x : Tensor, shape (batch, samples)
        targets : Tensor, shape (batch, classes)
        """
        return augment_waveforms(x, targets, rng, options=self.augmentation)


class FinetuneTask(LabelledTask):
    """An encoder and a head on waveforms.

    Parameters
    ----------
    encoder : Encoder
        As it was loaded; training changes it.
    waveforms : StoredArray
        All clips at its sample rate.
    clips, spec
        As `resound.training.run.Task`; the spec as
        `resound.experiment.encodings.Encodings.training` makes it.
    """

    rule = "finetune"
    fit_options = (*Task.fit_options, "accumulate", "gradient_clip")

    def __init__(
        self,
        encoder: Encoder,
        waveforms: StoredArray,
        clips: pd.DataFrame,
        spec: Mapping[str, Any],
    ) -> None:
        super().__init__(waveforms.ids["clips"], clips, spec)
        self.encoder, self.waveforms = encoder, waveforms
        self.published = {name: value.clone() for name, value in encoder.state_dict().items()}

    @classmethod
    def read(
        cls,
        spec: Mapping[str, Any],
        *,
        encoder: Mapping[str, Any],
        waveforms: AnyPath,
        clips: AnyPath,
    ) -> "FinetuneTask":
        """Return the task of an encoder's weights, as the config names them, and of files."""
        return cls(
            load_encoder(spec["encoder"], encoder),
            store.open_array(waveforms, spec=spec["audio"]),
            read_clips(clips),
            spec,
        )

    @property
    def title(self) -> str:
        """Its name in a log."""
        return str(self.spec["network"])

    @property
    def threads(self) -> int:
        """Threads that torch computes its encoder with."""
        return int(self.spec["encoder"]["threads"])

    def check(self) -> None:
        """Raise ParameterError for clips that the encoder cannot read."""
        self.encoder.check_waveforms(torch.from_numpy(np.array(self.waveforms.values[:1])))

    def begin(self, training: Rows) -> Begun:
        """Put a head on the published encoder, whatever it was trained to before.

        Parameters
        ----------
        training : ndarray of int, shape (rows,)
            Is not read: waveforms need no statistics.
        """
        spec, n_classes = self.spec, len(self.classes)
        self.encoder.load_state_dict(self.published)
        network = build_classifier(self.encoder, n_classes, **spec["head"], seed=spec["seed"])
        # Encoders are loaded in evaluation mode, and Lightning leaves modes as they are.
        module = FinetuneTraining(
            network.train(),
            n_classes,
            loss=CrossEntropy(self.encoder.dimension, label_smoothing=spec["label_smoothing"]),
            options=self.options,
            augmentation=spec["augmentation"],
            seed=spec["seed"],
        )
        about = {"name": spec["network"], "encoder": spec["encoder"], "head": spec["head"]}
        return Begun(module, self.waveforms.values, {"network": about})

    def logits(self, begun: Begun, rows: Rows) -> Float32:
        """Return the logits of clips, computed on a GPU where there is one.

        Parameters
        ----------
        begun : Begun
            Whose network was trained.
        rows : ndarray of int, shape (rows,)
            Rows of the waveforms.

        Returns
        -------
        ndarray, shape (rows, classes)

        Raises
        ------
        DataError
            When a number is not finite.
        """
        network = begun.network
        (logits,) = run_over(network, lambda x: [network(x)], self.waveforms.values[rows])
        return logits

    def write_network(self, outcome: Outcome, weights: AnyPath, model: AnyPath) -> None:
        """Write what training changed."""
        network = cast(EncoderClassifier | None, outcome.network)
        tensors = network.trained_tensors() if network else {}
        write_tensors(weights, model, tensors, outcome.record)

    def sounds(self) -> Sounds:
        """Return the clips."""
        clips = dict(zip(self.waveforms.ids["clips"], self.waveforms.values, strict=True))
        return Sounds(clips, self.spec["audio"]["sample_rate"])


def finetune(
    encoder: Encoder,
    waveforms: StoredArray,
    clips: pd.DataFrame,
    spec: Mapping[str, Any],
    *,
    resume: Path | None = None,
    on_epoch: EpochHook | None = None,
) -> Outcome:
    """Fine-tune an encoder, which changes it: `train` of a `FinetuneTask`."""
    task = FinetuneTask(encoder, waveforms, clips, spec)
    return train(task, resume=resume, on_epoch=on_epoch)
