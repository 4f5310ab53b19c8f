"""Encoding of all clips: the pass of an encoder over their waveforms, and banks of its vectors."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from resound import store
from resound.data.index import read_clips
from resound.encoders.encoder import Encoder
from resound.errors import DataError
from resound.jobs.progress import track
from resound.registry import ENCODERS

Float32 = npt.NDArray[np.float32]
CLIPS_A_BATCH = 8


def load_encoder(spec: Mapping[str, Any], weights: Mapping[str, Any]) -> Encoder:
    """Return the encoder of a spec, from weights that must have the digest in it.

    Parameters
    ----------
    spec : mapping
        ``name, family, sha256, threads, options``: an experiment's spec of an encoder.
    weights : mapping
        ``source, revision, sha256`` of the config.
    """
    checked = {**weights, "sha256": spec["sha256"]}
    return cast(Encoder, ENCODERS[spec["family"]](checked, name=spec["name"], **spec["options"]))


def encode_clips(
    spec: Mapping[str, Any],
    *,
    encoder: Mapping[str, Any],
    waveforms: store.AnyPath,
    bank: store.AnyPath,
) -> None:
    """Store the embeddings of all clips by an encoder as it was published, as a bank.

    Sets torch's number of threads to the encoder's, as `embed_classes` does.

    Parameters
    ----------
    spec : mapping
        As `resound.experiment.encodings.Encodings.frozen` makes it.
    encoder : mapping
        Where its weights are: a block ``weights`` of the config.
    waveforms : path
        Decoded clips at its sample rate.
    bank : path
        The embeddings.
    """
    _store(embeddings_of, spec, encoder, waveforms, bank)


def tag_clips(
    spec: Mapping[str, Any],
    *,
    encoder: Mapping[str, Any],
    waveforms: store.AnyPath,
    bank: store.AnyPath,
) -> None:
    """Store the logits of AudioSet's classes of all clips, as `encode_clips` stores embeddings."""
    _store(tag_logits_of, spec, encoder, waveforms, bank)


def _store(
    vectors_of: Callable[[Encoder, npt.NDArray[Any]], Float32],
    spec: Mapping[str, Any],
    encoder: Mapping[str, Any],
    waveforms: store.AnyPath,
    bank: store.AnyPath,
) -> None:
    """Store what an encoder as it was published makes of all clips."""
    torch.set_num_threads(spec["encoder"]["threads"])
    audio = store.open_array(waveforms, spec=spec["audio"])
    vectors = vectors_of(load_encoder(spec["encoder"], encoder), audio.values)
    write_bank(vectors, bank, spec=spec, ids=audio.ids)


def embed_classes(
    spec: Mapping[str, Any],
    *,
    encoder: Mapping[str, Any],
    clips: store.AnyPath,
    bank: store.AnyPath,
) -> None:
    """Store the embedding of every class's name, scaled: its product with a clip's is a logit.

    Parameters
    ----------
    spec : mapping
        As `resound.experiment.encodings.Encodings.words` makes it.
    encoder : mapping
        Where its weights are.
    clips : path
        The index, which names the classes.
    bank : path
        The embeddings.
    """
    torch.set_num_threads(spec["encoder"]["threads"])
    classes = sorted(set(read_clips(clips)["category"]))
    loaded = load_encoder(spec["encoder"], encoder)
    with torch.inference_mode():
        vectors = loaded.logit_scale * loaded.embed_classes(classes)
    write_bank(vectors.numpy(), bank, spec=spec, ids={"classes": classes})


def embeddings_of(encoder: Encoder, waveforms: npt.NDArray[Any]) -> Float32:
    """Return the embeddings of all clips.

    Parameters
    ----------
    encoder : Encoder
        Is moved to a GPU where there is one.
    waveforms : ndarray, shape (clips, samples)
        Mono, at the encoder's sample rate, in [-1, 1]; may be a memory map.

    Returns
    -------
    ndarray, shape (clips, dimension)

    Raises
    ------
    DataError
        When a number is not finite.
    ParameterError
        For clips that the encoder cannot read.
    """
    (embeddings,) = run_over(encoder, lambda x: [encoder.embed(x)], waveforms)
    return embeddings


def tag_logits_of(encoder: Encoder, waveforms: npt.NDArray[Any]) -> Float32:
    """Return the logits of AudioSet's classes of all clips.

    Parameters
    ----------
    encoder : Encoder
        With tags; is moved to a GPU where there is one.
    waveforms : ndarray, shape (clips, samples)
        As `embeddings_of` takes them.

    Returns
    -------
    ndarray, shape (clips, 527)

    Raises
    ------
    CheckpointError, DataError, ParameterError
        As `Encoder.tag_logits` and `embeddings_of`.
    """
    (logits,) = run_over(encoder, lambda x: [encoder.tag_logits(x)], waveforms)
    return logits


def run_over(
    network: nn.Module, outputs: Callable[[Tensor], Sequence[Tensor]], waveforms: npt.NDArray[Any]
) -> list[Float32]:
    """Return what a network in evaluation mode makes of all clips, batch by batch.

    Parameters
    ----------
    network : Module
        Is moved to a GPU where there is one.
    outputs : callable
        Makes tensors (clips, ...) of waveforms (clips, samples) by means of `network`.
    waveforms : ndarray, shape (clips, samples)
        In [-1, 1]; may be a memory map.

    Returns
    -------
    list of ndarray, each of shape (clips, ...)
        One of all clips for each of the tensors, in float32.

    Raises
    ------
    DataError
        When a number is not finite.

    Examples
    --------
    >>> loudness = nn.Module()  # encodes a clip as its RMS
    >>> clips = np.array([[0.5, -0.5], [0.0, 0.0]])
    >>> run_over(loudness, lambda x: [x.square().mean(1, keepdim=True).sqrt()], clips)
    [array([[0.5],
           [0. ]], dtype=float32)]
    """
    parts = [made for _, made in batches_over(network, outputs, waveforms)]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def batches_over(
    network: nn.Module, outputs: Callable[[Tensor], Sequence[Tensor]], waveforms: npt.NDArray[Any]
) -> Iterator[tuple[slice, list[Float32]]]:
    """Yield what `run_over` returns, batch by batch: for what is too much to be held.

    Parameters
    ----------
    network, outputs
        As `run_over`.
    waveforms : ndarray, shape (clips, samples)
        In [-1, 1]; may be a memory map.

    Yields
    ------
    rows : slice
        The clips of a batch.
    made : list of ndarray, each of shape (clips, ...)
        What is made of them, in float32.

    Raises
    ------
    DataError
        When a number is not finite.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device).eval()
    batches = np.array_split(np.arange(len(waveforms)), -(-len(waveforms) // CLIPS_A_BATCH))
    for places in track(batches, "encode clips", unit="batch"):
        rows = slice(int(places[0]), int(places[-1]) + 1)
        with torch.inference_mode():
            batch = torch.from_numpy(np.array(waveforms[rows])).to(device)
            every = [made.float().cpu().numpy() for made in outputs(batch)]
        for made in every:
            broken = np.flatnonzero(~np.isfinite(made).reshape(len(made), -1).all(axis=1))
            if len(broken):
                raise DataError(
                    f"{type(network).__name__} makes NaN or infinity of the clip at row "
                    f"{rows.start + broken[0]} of the index; look at it, or at how it was trained"
                )
        yield rows, every


def write_bank(
    vectors: Float32,
    path: store.AnyPath,
    *,
    spec: Mapping[str, Any],
    ids: Mapping[str, Sequence[str]],
) -> None:
    """Store vectors in the form of a feature bank, (n, 1, numbers).

    Parameters
    ----------
    vectors : ndarray, shape (n, numbers)
        Of clips or of classes.
    path : path
        The bank.
    spec : mapping
        What decides it.
    ids : mapping of str to sequence of str
        The name of the first axis, with the n ids along it.
    """
    shape = (len(vectors), 1, vectors.shape[1])
    with store.create_array(path, shape, "float32", spec=spec, ids=ids) as array:
        array[:, 0] = vectors
