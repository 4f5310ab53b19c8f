"""One encoder, fine-tuned with a head on it: from waveforms to its network and predictions."""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from resound.encoders.encoder import Encoder
from resound.encoders.heads import EncoderClassifier, build_classifier
from resound.errors import CheckpointError, ParameterError, TrainingError
from resound.store import AnyPath, StoredArray
from resound.training.augment import augment_waveforms
from resound.training.callbacks import EpochHook
from resound.training.checkpoint import take_weights
from resound.training.classification import LabelledTraining
from resound.training.data import ClipData, class_numbers
from resound.training.encoding import Float32, run_over
from resound.training.fit import Fit, fit
from resound.training.folds import Rows, choosing_folds, rows_outside, training_rows
from resound.training.outcome import Outcome, failed_outcome, outcome_of
from resound.training.record import new_record, read_record
from resound.training.selection import train_selected

# Options of a fine-tuning that `fit` takes as they stand.
FIT_OPTIONS = ("accelerator", "precision", "accumulate", "gradient_clip")

log = logging.getLogger(__name__)


class FinetuneTraining(LabelledTraining):
    """Trains an encoder and its head, each layer at a learning rate of its own.

    The head's is ``learning_rate``; the encoder's last layer has ``encoder_learning_rate``, and
    each layer before it ``layer_decay`` times that of the next.
    """

    block = "finetune"
    network: EncoderClassifier

    def layers(self) -> list[tuple[list[nn.Parameter], float]]:
        """Return the head, then the encoder's layers from its output to its input."""
        rate, decay = self.options["encoder_learning_rate"], self.options["layer_decay"]
        groups = self.network.encoder.layer_groups()
        encoder = [(group, rate * decay**depth) for depth, group in enumerate(reversed(groups))]
        return [([*self.network.head.parameters()], self.options["learning_rate"]), *encoder]

    def varied(self, x: Tensor, targets: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return a batch of waveforms varied as `augment_waveforms` does."""
        return augment_waveforms(x, targets, rng, options=self.augmentation)


def finetune(
    encoder: Encoder,
    waveforms: StoredArray,
    clips: pd.DataFrame,
    spec: Mapping[str, Any],
    *,
    resume: Path | None = None,
    on_epoch: EpochHook | None = None,
) -> Outcome:
    """Fine-tune an encoder, or record why it cannot be: clips too short, one class, divergence.

    Parameters
    ----------
    encoder : Encoder
        As it was loaded; training changes it.
    waveforms : StoredArray
        All clips at its sample rate.
    clips : DataFrame
        The index.
    spec : mapping
        As `resound.experiment.encodings.Encodings.training` makes it.
    resume : pathlib.Path, optional
        The checkpoint of an interrupted run of this very spec.
    on_epoch : callable, optional
        Is given each epoch's row of the history.
    """
    clips = clips.set_index("id", drop=False).loc[waveforms.ids["clips"]]
    classes, y = class_numbers(clips["category"])
    record = {**new_record(spec), "classes": classes}
    try:
        return _finetune(encoder, waveforms.values, clips, y, record, resume, on_epoch)
    except (TrainingError, ParameterError) as error:
        log.warning("%s: not trained: %s", spec["network"], error)
        return failed_outcome(record, clips, error)


def _finetune(
    encoder: Encoder,
    waveforms: npt.NDArray[np.float32],
    clips: pd.DataFrame,
    y: Tensor,
    record: dict[str, Any],
    resume: Path | None,
    on_epoch: EpochHook | None,
) -> Outcome:
    spec, query_folds = record["spec"], record["spec"]["split"]["query_folds"]
    encoder.check_waveforms(torch.from_numpy(np.array(waveforms[:1])))
    training, validation = training_rows(clips, selection=spec["selection"], **spec["split"])
    every = rows_outside(clips, **spec["split"])
    published = {name: value.clone() for name, value in encoder.state_dict().items()}
    once = partial(_finetune_once, encoder, published, waveforms, y, record)
    hooks: dict[str, Any] = {"resume": resume, "on_epoch": on_epoch}
    network, done = train_selected(once, training, validation, every, spec, **hooks)
    seen = clips["fold"].to_numpy()[np.union1d(training, validation)]
    record |= {
        "folds_seen": np.unique(seen).tolist(),
        "chosen_on": choosing_folds(clips["fold"], query_folds, spec["selection"]),
        "network": {"name": spec["network"], "encoder": spec["encoder"], "head": spec["head"]},
        "training": done.as_dict(network),
    }
    test = np.flatnonzero(clips["fold"].isin(query_folds))
    (logits,) = run_over(network, lambda x: [network(x)], waveforms[test])
    history = pd.DataFrame(done.history)
    return outcome_of(record, clips.iloc[test], logits, network=network.cpu(), history=history)


def _finetune_once(
    encoder: Encoder,
    published: Mapping[str, Tensor],
    waveforms: npt.NDArray[np.float32],
    y: Tensor,
    record: Mapping[str, Any],
    training: Rows,
    validation: Rows,
    **stretch: Any,
) -> tuple[EncoderClassifier, Fit]:
    """Fine-tune an encoder from its `published` tensors, whatever it was trained to before."""
    spec, n_classes = record["spec"], len(record["classes"])
    encoder.load_state_dict(published)
    network = build_classifier(encoder, n_classes, **spec["head"], seed=spec["seed"])
    # Encoders are loaded in evaluation mode, and Lightning leaves modes as they are.
    module = FinetuneTraining(
        network.train(),
        n_classes,
        options=spec,
        augmentation=spec["augmentation"],
        seed=spec["seed"],
    )
    batches = {"batch_size": spec["batch_size"], "seed": spec["seed"]}
    data = ClipData(waveforms, y, training, validation, **batches)
    options = {key: spec[key] for key in FIT_OPTIONS}
    return network, fit(module, data, **options, **stretch)


def read_finetuned(
    encoder: Encoder, weights: AnyPath, model: AnyPath, *, spec: Mapping[str, Any]
) -> EncoderClassifier:
    """Return a fine-tuned network in evaluation mode.

    Parameters
    ----------
    encoder : Encoder
        As published; it takes the tensors that training changed.
    weights, model : path
        What the training left.
    spec : mapping
        The spec that must have made it.

    Raises
    ------
    CheckpointError
        When the training failed, or a file is damaged.
    """
    record = read_record(model, spec=spec, trained=True)
    if "classes" not in record:
        raise CheckpointError(f"{model}: names no classes; delete it and train again")
    network = build_classifier(encoder, len(record["classes"]), **spec["head"], seed=0)
    given = network.state_dict().keys() - network.trained_tensors().keys()
    take_weights(network, weights, model, record, given=given)
    return network.eval()


def vectors_of(network: EncoderClassifier, waveforms: npt.NDArray[Any]) -> dict[str, Float32]:
    """Return what a fine-tuned network makes of all clips, in one pass.

    Returns
    -------
    dict of str to ndarray
        ``embedding`` (clips, dimension), what the encoder makes; ``hidden`` (clips, n_hidden), the
        head's; ``probabilities`` (clips, classes); ``classes`` (clips, classes), 1 for the
        likeliest class and 0 for all others.
    """

    def outputs(x: Tensor) -> list[Tensor]:
        embedding = network.embed(x)
        hidden = network.head.hidden(embedding)
        return [embedding, hidden, network.head.classify(hidden).softmax(1)]

    embedding, hidden, probabilities = run_over(network, outputs, waveforms)
    classes = np.eye(probabilities.shape[1], dtype=np.float32)[probabilities.argmax(axis=1)]
    vectors = {"embedding": embedding, "hidden": hidden, "probabilities": probabilities}
    return {**vectors, "classes": classes}


def masked_hidden(
    network: EncoderClassifier, waveforms: npt.NDArray[Any], *, share: float, seed: int
) -> Float32:
    """Return the hidden vectors (clips, n_hidden) of a part of each clip.

    The fine-tuned encoder embeds every clip without a share of its patch tokens, drawn from `seed`,
    and the head goes on from that: retrieval from partial evidence.
    """
    generator = torch.Generator().manual_seed(seed)

    def outputs(x: Tensor) -> list[Tensor]:
        embedding = network.encoder.embed(x, masked=share, generator=generator)
        return [network.head.hidden(embedding)]

    (hidden,) = run_over(network, outputs, waveforms)
    return hidden
