"""Checkpoints of trained networks: weights as safetensors, all that tells of them as JSON."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from resound import store
from resound.errors import CheckpointError
from resound.models.classifier import Classifier
from resound.models.network import Network
from resound.registry import AUTOENCODERS, NETWORKS
from resound.training.inputs import Float32, InputTransform
from resound.training.record import read_record, write_record

CLIPS_A_BATCH = 64


@dataclass(frozen=True)
class TrainedNetwork:
    """A network with what its inputs must look like, and the record of its training.

    Attributes
    ----------
    network : Network
        A classifier or an autoencoder, in evaluation mode, on the CPU.
    transform : InputTransform
        Makes its inputs of a bank.
    record : dict
        ``model.json``: `spec`, `folds_seen`, `network`, `input`, `training`, `versions`, and a
        classifier's `classes`.
    """

    network: Network
    transform: InputTransform
    record: dict[str, Any]

    def embed(self, x: Float32) -> Float32:
        """Return the embeddings of inputs.

        Parameters
        ----------
        x : ndarray, shape (clips, frames, dims)
            Inputs as `transform` makes them.

        Returns
        -------
        ndarray, shape (clips, n_embedding) or (clips, code_frames, n_embedding)
            A classifier's hidden vectors, or an autoencoder's code.

        Raises
        ------
        ParameterError
            For other dims than the network reads, or fewer frames than it can pool.
        """
        return embed(self.network, x)

    def embed_bank(self, values: npt.NDArray[Any], clips: Sequence[str]) -> Float32:
        """Return the embeddings of a bank's clips in the form of a bank.

        Parameters
        ----------
        values : ndarray, shape (clips, frames, raw_dims)
            The feature that the network was trained on; may be a memory map.
        clips : sequence of str
            Their ids.

        Returns
        -------
        ndarray, shape (clips, code_frames, n_embedding)
            A classifier's have one frame.

        Raises
        ------
        TrainingError
            Names the first clip with a value that is not finite.
        """
        embeddings = self.embed(self.transform.of_bank(values, clips))
        return embeddings.reshape(len(embeddings), -1, embeddings.shape[-1])

    def classify(self, embeddings: Float32) -> Float32:
        """Return a classifier's logits.

        Parameters
        ----------
        embeddings : ndarray, shape (clips, n_embedding)
            Hidden vectors, as `embed` returns them.

        Returns
        -------
        ndarray, shape (clips, classes)
            Their softmax are the probabilities of the classes.
        """
        return classify(cast(Classifier, self.network), embeddings)


def embed(network: Network, x: Float32) -> Float32:
    """Return what a network in evaluation mode, on the CPU, embeds inputs as, batch by batch.

    Parameters
    ----------
    network : Network
        A classifier or an autoencoder.
    x : ndarray, shape (clips, frames, dims)
        Standardised features.

    Returns
    -------
    ndarray, shape (clips, n_embedding) or (clips, code_frames, n_embedding)
        Hidden vectors, or codes.

    Raises
    ------
    ParameterError
        For other dims than the network reads, or fewer frames than it can pool.

    Examples
    --------
    >>> from resound.models.cnn import CNN
    >>> network = CNN(8, 3, channels=[4, 6]).eval()
    >>> hidden = embed(network, np.zeros((5, 12, 8), np.float32))
    >>> hidden.shape, classify(network, hidden).shape
    ((5, 6), (5, 3))
    """
    with torch.inference_mode():
        parts = [network.embed(torch.from_numpy(part)) for part in _batches(x)]
    embeddings: Float32 = torch.cat(parts).numpy()
    return embeddings


def classify(network: Classifier, embeddings: Float32) -> Float32:
    """Return the logits that a classifier in evaluation mode, on the CPU, makes of embeddings.

    Parameters
    ----------
    network : Classifier
        The one that embedded them.
    embeddings : ndarray, shape (clips, n_embedding)
        Hidden vectors, as `embed` returns them.

    Returns
    -------
    ndarray, shape (clips, classes)
    """
    with torch.inference_mode():
        logits: Float32 = network.classify(torch.from_numpy(embeddings)).numpy()
    return logits


def write_checkpoint(
    weights: store.AnyPath,
    model: store.AnyPath,
    network: Network | None,
    record: Mapping[str, Any],
) -> None:
    """Write a trained network, or the record of a failed training with a file of no weights."""
    write_tensors(weights, model, {} if network is None else network.state_dict(), record)


def write_tensors(
    weights: store.AnyPath,
    model: store.AnyPath,
    tensors: Mapping[str, Tensor],
    record: Mapping[str, Any],
) -> None:
    """Write what was trained, each tensor of its own memory, and its record.

    The weights' digest stands in the record, which is written last: a kill in between leaves a
    pair that does not fit and is refused.

    Parameters
    ----------
    weights, model : path
        The safetensors file and ``model.json``.
    tensors : mapping of str to Tensor, of any shape
        What was trained, by the names of the network's state; none of a failed training.
    record : mapping
        Of the training, to which ``weights_sha256`` is added.
    """
    with store.replacing(weights) as temporary:
        save_file({name: value.cpu().contiguous() for name, value in tensors.items()}, temporary)
        record = {**record, "weights_sha256": store.sha256_of(temporary)}
    write_record(record, model)


def resume_path(model: store.AnyPath, digest: str) -> Path:
    """Return where a training of this digest keeps its checkpoint, and delete those of others.

    It stands beside the outputs and is none of them: Snakemake deletes those of a job that was
    killed.
    """
    path = Path(model).with_name(f".{digest}.ckpt")
    for stale in set(path.parent.glob(".*.ckpt")) - {path}:
        stale.unlink()
    return path


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
    record = read_record(model, spec=spec, trained=True)
    _check_record(record, model, bank, classes)
    check_digest(weights, model, record)
    network, transform = _built(record, model, Path(weights))
    _load(network, weights, model)
    return TrainedNetwork(network.eval(), transform, record)


def take_weights(
    network: nn.Module,
    weights: store.AnyPath,
    model: store.AnyPath,
    record: Mapping[str, Any],
    *,
    given: Container[str] = (),
) -> None:
    """Give a network the tensors of a file that `record` tells of, all but those `given` to it.

    Raises
    ------
    CheckpointError
        When the file is damaged or holds other tensors.
    """
    check_digest(weights, model, record)
    _load(network, weights, model, given)


def check_digest(weights: store.AnyPath, model: store.AnyPath, record: Mapping[str, Any]) -> None:
    """Raise CheckpointError unless the file of weights is the one that `record` tells of."""
    try:
        same = store.sha256_of(Path(weights)) == record.get("weights_sha256")
    except OSError as error:
        raise CheckpointError(f"{weights}: are not the weights of {model} ({error})") from error
    if not same:
        raise CheckpointError(
            f"{weights}: its bytes are not those that {model} records; delete it and run the "
            "workflow again"
        )


def _load(
    network: nn.Module, weights: store.AnyPath, model: store.AnyPath, given: Container[str] = ()
) -> None:
    try:
        missing, unexpected = network.load_state_dict(load_file(weights), strict=False)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise CheckpointError(f"{weights}: are not the weights of {model} ({error})") from error
    lacking = [name for name in missing if name not in given]
    if lacking or unexpected:
        raise CheckpointError(
            f"{weights}: are not the weights of {model}: missing {lacking}, unexpected {unexpected}"
        )


def describe(network: Network, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record says of a network, from which it can be built again."""
    return {
        "name": spec["network"],
        "options": spec["options"],
        "n_dims": network.n_dims,
        "n_planes": network.n_planes,
        "n_embedding": network.n_embedding,
    }


def _built(
    record: Mapping[str, Any], model: store.AnyPath, weights: Path
) -> tuple[Network, InputTransform]:
    """Return what a record describes, unless it cannot be built or its weights are too few."""
    try:
        transform = InputTransform.from_dict(record["input"])
        with torch.device("meta"):  # takes no memory, whatever sizes the record claims
            tensors = _network(record).state_dict().values()
        claimed, found = sum(tensor.nbytes for tensor in tensors), weights.stat().st_size
        if claimed > found:
            raise ValueError(f"its network has {claimed} bytes of weights and {weights} {found}")
        return _network(record), transform
    except Exception as error:  # registries, networks and numpy raise errors of many kinds
        raise CheckpointError(
            f"{model}: describes no network that can be built ({error!r}); delete it and train "
            "again"
        ) from error


def _network(record: Mapping[str, Any]) -> Network:
    about = record["network"]
    name, options = about["name"], {"n_planes": about["n_planes"], **about["options"]}
    network: Network
    if "classes" in record:
        network = NETWORKS[name](about["n_dims"], len(record["classes"]), **options)
    else:
        network = AUTOENCODERS[name](about["n_dims"], **options)
    return network


def _check_record(
    record: Mapping[str, Any],
    model: store.AnyPath,
    bank: Mapping[str, Any] | None,
    classes: Sequence[str] | None,
) -> None:
    trained_on = record["spec"].get("bank")
    if bank is not None and store.plain_spec(bank) != trained_on:
        raise CheckpointError(
            f"{model}: was trained on {_bank_name(trained_on)} and cannot read "
            f"{_bank_name(bank)}; give it the bank of its own spec, or train it anew"
        )
    if classes is not None and list(classes) != record.get("classes"):
        ours, theirs = set(map(str, record.get("classes", ()))), set(classes)
        raise CheckpointError(
            f"{model}: its classes are not those asked for: it lacks "
            f"{sorted(theirs - ours) or 'none'} and adds {sorted(ours - theirs) or 'none'}; "
            "train it on this data set"
        )


def _bank_name(bank: Any) -> str:
    if not isinstance(bank, Mapping):
        return f"bank={bank!r}"
    return f"{bank.get('feature')} ({bank.get('stft')}, options {bank.get('options')})"


def _batches(x: Float32) -> list[Float32]:
    return np.array_split(x, -(-len(x) // CLIPS_A_BATCH))
