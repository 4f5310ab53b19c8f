"""Vectors of all clips by a fine-tuned encoder and its head, stored as banks."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from resound import store
from resound.encoders.classifier import EncoderClassifier, build_classifier
from resound.encoders.encoder import Encoder
from resound.errors import CheckpointError
from resound.store import AnyPath, StoredArray
from resound.training.checkpoint import take_weights
from resound.training.encoding import Float32, load_encoder, run_over, write_bank
from resound.training.record import read_record


def encode_finetuned(
    specs: Mapping[str, Mapping[str, Any]],
    *,
    encoder: Mapping[str, Any],
    waveforms: AnyPath,
    weights: AnyPath,
    model: AnyPath,
    banks: Mapping[str, AnyPath],
) -> None:
    """Store vectors of all clips, each as a bank, with torch's threads set to the encoder's.

    Parameters
    ----------
    specs : mapping
        Of the bank of each vector that `vectors_of` names; of disturbed clips with their ``audio``.
    encoder : mapping
        Where the published weights are: a block ``weights`` of the config.
    waveforms : path
        Decoded clips at the encoder's sample rate.
    weights, model : path
        What the fine-tuning left.
    banks : mapping of str to path
        Where the bank of each vector goes.
    """
    network, audio = _opened(next(iter(specs.values())), encoder, waveforms, weights, model)
    vectors = vectors_of(network, audio.values)
    for vector, spec in specs.items():
        write_bank(vectors[vector], banks[vector], spec=spec, ids=audio.ids)


def encode_masked(
    spec: Mapping[str, Any],
    *,
    encoder: Mapping[str, Any],
    waveforms: AnyPath,
    weights: AnyPath,
    model: AnyPath,
    bank: AnyPath,
) -> None:
    """Store `masked_hidden` of all clips as a bank; files as in `encode_finetuned`."""
    network, audio = _opened(spec, encoder, waveforms, weights, model)
    hidden = masked_hidden(network, audio.values, **spec["masked"])
    write_bank(hidden, bank, spec=spec, ids=audio.ids)


def _opened(
    spec: Mapping[str, Any],
    encoder: Mapping[str, Any],
    waveforms: AnyPath,
    weights: AnyPath,
    model: AnyPath,
) -> tuple[EncoderClassifier, StoredArray]:
    """Return the network of a fine-tuning and the clips that it hears."""
    training = spec["training"]
    torch.set_num_threads(training["encoder"]["threads"])
    audio = store.open_array(waveforms, spec=spec.get("audio", training["audio"]))
    loaded = load_encoder(training["encoder"], encoder)
    return read_finetuned(loaded, weights, model, spec=training), audio


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

    Parameters
    ----------
    network : EncoderClassifier
        Is moved to a GPU where there is one.
    waveforms : ndarray, shape (clips, samples)
        Mono, at the encoder's sample rate, in [-1, 1]; may be a memory map.

    Returns
    -------
    dict of str to ndarray
        ``embedding`` (clips, dimension), what the encoder makes; ``hidden`` (clips, n_hidden), the
        head's; ``probabilities`` (clips, classes); ``classes`` (clips, classes), 1 for the
        likeliest class and 0 for all others.

    Raises
    ------
    DataError
        When a number is not finite.
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
    """Return the hidden vectors of a part of each clip.

    The fine-tuned encoder embeds every clip without a share of its patch tokens, drawn from `seed`,
    and the head goes on from that: retrieval from partial evidence.

    Parameters
    ----------
    network : EncoderClassifier
        Whose encoder can be masked.
    waveforms : ndarray, shape (clips, samples)
        Mono, at the encoder's sample rate, in [-1, 1]; may be a memory map.
    share : float
        Of every clip's patch tokens, those left out: 0 up to 1.
    seed : int
        Decides which.

    Returns
    -------
    ndarray, shape (clips, n_hidden)

    Raises
    ------
    DataError
        When a number is not finite.
    ParameterError
        When the encoder cannot be masked, or `share` is out of range.
    """
    generator = torch.Generator().manual_seed(seed)

    def outputs(x: Tensor) -> list[Tensor]:
        embedding = network.encoder.embed(x, masked=share, generator=generator)
        return [network.head.hidden(embedding)]

    (hidden,) = run_over(network, outputs, waveforms)
    return hidden
