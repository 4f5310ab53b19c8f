"""Query by example: the clips nearest to a recording of one's own, or to words, by a bank of a run.

The recording is decoded as the data set's clips were, the bank's feature is computed of it, or its
network embeds it, and its distances to all clips are ranked. So a clip of the data set finds itself
first. Words are embedded by an encoder that has a text tower, and compared with what it makes of
clips. Modules that stand on torch are imported when a network is asked for.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound import store
from resound.audio import reading as audio
from resound.data.index import read_clips
from resound.distances.calling import distances_by
from resound.errors import ParameterError, unknown
from resound.evaluation.distances import as_compared
from resound.experiment import specs
from resound.experiment.coordinates import (
    FINETUNED_VECTORS,
    FROZEN,
    PUBLISHED_VECTORS,
    TAGS,
    WINDOWS,
    Combined,
    Disturbed,
    Embedding,
    Encoding,
    Feature,
    Fusion,
    Part,
    Run,
    Training,
    TwoStage,
)
from resound.experiment.plan import Plan
from resound.features.extraction import extract_batch
from resound.registry import ENCODERS
from resound.retrieval.ranking import rank

Float32 = npt.NDArray[np.float32]

# Vectors of an encoder that are made of a recording alone.
SINGLY_MADE = (*PUBLISHED_VECTORS, *FINETUNED_VECTORS)
CLIPS_A_BLOCK = 128  # the gallery is a memory map and never held as a whole


def methods(plan: Plan) -> dict[str, Run]:
    """Return what a recording can be compared by, in the order of the retrieval tables.

    Keys are written as the folders below ``rankings``: ``dtw/mfcc/sr44100_nfft4096_hop1024``, or
    ``cosine/cnn/mel/sr44100_nfft2048_hop1024/seed0``. Of a network that was trained for several
    splits, the first one's is taken. Left out are vectors that are made for all clips at once, and
    what combines several distances, whose way is chosen for a split.
    """
    found: dict[str, Run] = {}
    for run in plan.runs.values():
        bank = run.bank
        if isinstance(bank, Combined):
            continue
        if not isinstance(bank, Encoding) or bank.vector in SINGLY_MADE:
            found.setdefault(f"{run.distance}/{bank.source}", run)
    return found


def reads_words(run: Run) -> bool:
    """Return whether words can be compared by a method: an encoder's own embeddings, with text."""
    bank = run.bank
    return (
        isinstance(bank, Encoding)
        and (bank.vector, bank.normalise) == (FROZEN, ())
        and bool(ENCODERS.entry(bank.encoder.family).traits.get("text"))
    )


def method(plan: Plan, name: str, *, of_words: bool = False) -> Run:
    """Return the first method whose name begins with the parts of `name`: ``dtw/mfcc``.

    Parameters
    ----------
    plan : Plan
        Whose results are searched.
    name : str
        As `methods` has it, or the beginning of that; empty for the first of all.
    of_words : bool
        Only what words can be compared by counts.

    Raises
    ------
    ParameterError
        When there is none.
    """
    name = name.strip("/")
    n_parts = name.count("/") + 1 if name else 0
    beginnings: dict[str, Run] = {}
    known = methods(plan)
    if of_words:
        known = {full: run for full, run in known.items() if reads_words(run)}
        if not known:
            raise ParameterError(
                "no method of this config compares words with clips; name the frozen vector of an "
                "encoder with text, clap_frozen, in the encodings of a table, and the encoder in "
                "zero_shot.encoders"
            )
    for full, run in known.items():
        beginnings.setdefault("/".join(full.split("/")[:n_parts]), run)
    if name not in beginnings:
        raise ParameterError(f"method {name!r} {unknown(name, beginnings)}")
    return beginnings[name]


def bank_path(plan: Plan, run: Run) -> Path:
    """Return the file of the bank that a method compares."""
    return _results(plan) / run.bank.folder / "bank.npy"


def find_similar(
    sound: store.AnyPath, plan: Plan, run: Run, *, k: int, n_threads: int = 1
) -> pd.DataFrame:
    """Return the `k` clips that are nearest to a recording.

    Parameters
    ----------
    sound : path
        A file in any format that soundfile reads; its first ``audio.duration`` seconds count.
    plan : Plan
        Whose results are searched.
    run : Run
        As `method` returns it.
    k : int
        Clips to find; fewer where there are fewer.
    n_threads : int
        Threads of the distances.

    Returns
    -------
    DataFrame
        ``rank, distance, category, id, file``: the nearest first, equal distances by id; `file`
        below the data set's root.

    Raises
    ------
    UnreadableAudio
        When the recording cannot be decoded.
    StoreError, CheckpointError
        When the bank or its network is missing, damaged or of another config.
    """
    return _nearest(_features(sound, plan, run), plan, run, k, n_threads)


def find_described(text: str, plan: Plan, run: Run, *, k: int, n_threads: int = 1) -> pd.DataFrame:
    """Return the `k` clips that are nearest to words.

    Parameters
    ----------
    text : str
        What is looked for, as a sentence or a few words: ``a dog barks in the rain``.
    plan, run, k, n_threads
        As `find_similar`; `run` is one that `reads_words` accepts.

    Returns
    -------
    DataFrame
        As `find_similar`.

    Raises
    ------
    ParameterError
        When there are no words, or the method reads none.
    StoreError, CheckpointError
        As `find_similar`.
    """
    if not text.strip():
        raise ParameterError(f"text={text!r} has no words; say what the sound is")
    if not isinstance(run.bank, Encoding) or not reads_words(run):
        raise ParameterError(
            f"{run.distance}/{run.bank.source} compares no words; an encoder with text does, by "
            "its vector `frozen`"
        )
    return _nearest(_worded(text, plan, run.bank), plan, run, k, n_threads)


def _nearest(query: Float32, plan: Plan, run: Run, k: int, n_threads: int) -> pd.DataFrame:
    """Return the clips nearest to one query (1, frames, dims) in the form of the bank."""
    spec = specs.distances(plan.config, run)
    bank = store.open_array(bank_path(plan, run), spec=spec["bank"])
    clips = read_clips(_results(plan) / "index/clips.csv").set_index("id", drop=False)
    ids, parts = bank.ids["clips"], []
    query, values = (as_compared(clips, bank.values, spec) for clips in (query, bank.values))
    for start in range(0, len(ids), CLIPS_A_BLOCK):
        gallery = values[start : start + CLIPS_A_BLOCK]
        parts.append(
            distances_by(run.distance, query, gallery, n_threads=n_threads, **spec["options"])
        )
    hits, distances = rank(np.concatenate(parts, axis=1), ids, k=min(k, len(ids)))
    found = clips.reindex([ids[hit] for hit in hits[0]])[["category", "id", "file"]]
    found.insert(0, "rank", np.arange(1, len(found) + 1))
    found.insert(1, "distance", distances[0])
    return found.reset_index(drop=True)


def _features(sound: store.AnyPath, plan: Plan, run: Run) -> Float32:
    """Return a recording in the form of the bank's clips (1, frames, dims)."""
    match run.bank:
        case Feature() as feature:
            return _computed(sound, plan, feature)
        case Embedding() as embedding:
            return _embedded(sound, plan, embedding)
        case Encoding() as encoding:
            return _encoded(sound, plan, encoding)
        case Fusion() | TwoStage() | Part() | Disturbed() as other:
            raise ParameterError(f"{other.name} compares no recording: it needs all clips")


def _computed(sound: store.AnyPath, plan: Plan, feature: Feature) -> Float32:
    spec = specs.feature_bank(plan.config, feature)
    settings = {**spec["stft"], **spec["options"]}
    return extract_batch(spec["feature"], _waveform(sound, spec["audio"]), **settings)


def _waveform(sound: store.AnyPath, spec: dict[str, Any]) -> Float32:
    length = {"sample_rate": spec["sample_rate"], "duration": spec["duration"]}
    return audio.load(sound, **length, quality=spec["resampling"])[np.newaxis]


def _embedded(sound: store.AnyPath, plan: Plan, bank: Embedding) -> Float32:
    from resound.training.checkpoint import read_checkpoint

    features = _computed(sound, plan, bank.training.feature)
    spec = specs.training(plan.config, bank.training)
    trained = read_checkpoint(*_model(plan, bank.training), spec=spec)
    return trained.embed_bank(features, [str(sound)])


def _encoded(sound: store.AnyPath, plan: Plan, bank: Encoding) -> Float32:
    from resound.training.encoding import embeddings_of, load_encoder, tag_logits_of
    from resound.training.finetuned import read_finetuned, vectors_of
    from resound.training.windows import windows_of

    spec = specs.frozen(plan.config, bank.encoder)
    encoder = load_encoder(spec["encoder"], plan.config["encoders"][bank.encoder.name]["weights"])
    waveform = _waveform(sound, spec["audio"])
    if bank.vector == TAGS:
        return tag_logits_of(encoder, waveform)[:, np.newaxis]
    if bank.vector == WINDOWS:
        cut = specs.windows(plan.config, bank.encoder)[WINDOWS]
        return windows_of(encoder, waveform, **cut)
    if bank.training is None:
        return embeddings_of(encoder, waveform)[:, np.newaxis]
    trained = specs.training(plan.config, bank.training)
    network = read_finetuned(encoder, *_model(plan, bank.training), spec=trained)
    return vectors_of(network, waveform)[bank.vector][:, np.newaxis]


def _worded(text: str, plan: Plan, bank: Encoding) -> Float32:
    import torch

    from resound.training.encoding import load_encoder

    spec = specs.words(plan.config, bank.encoder)
    encoder = load_encoder(spec["encoder"], plan.config["encoders"][bank.encoder.name]["weights"])
    with torch.inference_mode():
        embedded: Float32 = encoder.embed_text([text]).numpy()
    return embedded[:, np.newaxis]


def _model(plan: Plan, training: Training) -> Iterator[Path]:
    """Yield the files of a trained network: its weights, its record."""
    folder = _results(plan) / "models" / training.path
    yield from (folder / "weights.safetensors", folder / "model.json")


def _results(plan: Plan) -> Path:
    return Path(plan.config["results_dir"])
