"""Embeddings of all clips by a network that was trained on a feature, stored as a bank."""

from collections.abc import Mapping
from typing import Any

import torch

from resound import store
from resound.store import AnyPath
from resound.training.checkpoint import read_checkpoint


def embed_clips(
    spec: Mapping[str, Any], *, bank: AnyPath, weights: AnyPath, model: AnyPath, output: AnyPath
) -> None:
    """Store the embeddings of all clips, a vector or a sequence of them each, as a bank.

    Sets torch's number of threads to that of the training.

    Parameters
    ----------
    spec : mapping
        As `resound.experiment.specs.embedding` makes it; of disturbed clips with their ``audio``.
    bank : path
        The feature that the network reads.
    weights, model : path
        What its training left.
    output : path
        The bank of embeddings.
    """
    torch.set_num_threads(spec["training"]["threads"])
    heard = {"audio": spec["audio"]} if "audio" in spec else {}
    read = store.open_array(bank, spec={**spec["training"]["bank"], **heard})
    trained = read_checkpoint(weights, model, spec=spec["training"])
    frames = trained.embed_bank(read.values, read.ids["clips"])
    with store.create_array(output, frames.shape, "float32", spec=spec, ids=read.ids) as array:
        array[:] = frames
