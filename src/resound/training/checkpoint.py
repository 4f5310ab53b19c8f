"""A trained network on disk: weights as safetensors, all that it must be read with as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from resound import store
from resound.errors import CheckpointError
from resound.models.classifier import Classifier
from resound.registry import NETWORKS
from resound.training.inputs import Float32, InputTransform
from resound.training.record import TRAINED, read_record

CLIPS_A_BATCH = 64


@dataclass(frozen=True)
class TrainedNetwork:
    """A network with what its inputs must look like, and the record of its training.

    Attributes
    ----------
    network : Classifier
        In evaluation mode, on the CPU.
    transform : InputTransform
        Makes its inputs of a bank.
    record : dict
        ``model.json``: `spec`, `classes`, `folds_seen`, `network`, `input`, `training`, `versions`.
    """

    network: Classifier
    transform: InputTransform
    record: dict[str, Any]

    def embed(self, x: Float32) -> Float32:
        """Return the hidden vectors (clips, n_embedding) of inputs (clips, frames, dims)."""
        with torch.inference_mode():
            parts = [self.network.embed(torch.from_numpy(part)) for part in _batches(x)]
        embeddings: Float32 = torch.cat(parts).numpy()
        return embeddings

    def classify(self, embeddings: Float32) -> Float32:
        """Return the logits (clips, classes) of hidden vectors (clips, n_embedding)."""
        with torch.inference_mode():
            logits: Float32 = self.network.classify(torch.from_numpy(embeddings)).numpy()
        return logits


def write_checkpoint(
    weights: store.AnyPath,
    model: store.AnyPath,
    network: Classifier | None,
    record: Mapping[str, Any],
) -> None:
    """Write a trained network, or the record of a failed training with a file of no weights.

    The weights' digest stands in the record, which is written last: a kill in between leaves a
    pair that does not fit and is refused.
    """
    tensors = {} if network is None else network.state_dict()
    with store.replacing(weights) as temporary:
        save_file({name: value.cpu().contiguous() for name, value in tensors.items()}, temporary)
        record = {**record, "weights_sha256": store.sha256_of(temporary)}
    store.write_text(model, json.dumps(record, indent=1) + "\n")


def read_checkpoint(
    weights: store.AnyPath,
    model: store.AnyPath,
    *,
    spec: Mapping[str, Any] | None = None,
    bank: Mapping[str, Any] | None = None,
    classes: Sequence[str] | None = None,
) -> TrainedNetwork:
    """Read a trained network after checking that it fits what it is wanted for.

    Parameters
    ----------
    weights, model : path
        The safetensors file and ``model.json``.
    spec : mapping, optional
        The spec that must have made it.
    bank : mapping, optional
        Spec of the bank that it will read; another one than it was trained on is an error.
    classes : sequence of str, optional
        The classes that its logits shall mean.

    Raises
    ------
    CheckpointError
        When the training failed, a file is damaged, or feature or classes are others.
    """
    record = read_record(model, spec=spec)
    _check_record(record, model, bank, classes)
    built = record["network"]
    network: Classifier = NETWORKS[built["name"]](
        built["n_dims"], len(record["classes"]), n_planes=built["n_planes"], **built["options"]
    )
    try:
        if store.sha256_of(Path(weights)) != record["weights_sha256"]:
            raise CheckpointError(f"{weights}: its bytes are not those that {model} records")
        network.load_state_dict(load_file(weights))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise CheckpointError(f"{weights}: are not the weights of {model} ({error})") from error
    return TrainedNetwork(network.eval(), InputTransform.from_dict(record["input"]), record)


def _check_record(
    record: Mapping[str, Any],
    model: store.AnyPath,
    bank: Mapping[str, Any] | None,
    classes: Sequence[str] | None,
) -> None:
    if record["outcome"] != TRAINED:
        raise CheckpointError(f"{model}: its training failed: {record['reason']}")
    trained_on = record["spec"]["bank"]
    if bank is not None and store.plain_spec(bank) != store.plain_spec(trained_on):
        raise CheckpointError(
            f"{model}: was trained on {_bank_name(trained_on)} and cannot read "
            f"{_bank_name(bank)}; give it the bank of its own spec, or train it anew"
        )
    if classes is not None and list(classes) != record["classes"]:
        ours, theirs = set(record["classes"]), set(classes)
        raise CheckpointError(
            f"{model}: its classes are not those asked for: it lacks "
            f"{sorted(theirs - ours) or 'none'} and adds {sorted(ours - theirs) or 'none'}; "
            "train it on this data set"
        )


def _bank_name(bank: Mapping[str, Any]) -> str:
    return f"{bank['feature']} ({bank['stft']}, options {bank['options']})"


def _batches(x: Float32) -> list[Float32]:
    return np.array_split(x, -(-len(x) // CLIPS_A_BATCH))
