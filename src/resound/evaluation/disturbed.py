"""Classes of disturbed clips, told by what has learned from clips as they are."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound import store
from resound.data.audioset import classes_of
from resound.data.index import read_clips
from resound.evaluation.probe import fitted_probe, probe_logits
from resound.evaluation.zero_shot import zero_shot_logits
from resound.evaluation.zero_shot_by_tags import class_logits
from resound.training.checkpoint import read_checkpoint
from resound.training.folds import rows_outside
from resound.training.outcome import predictions_of
from resound.training.record import TRAINED, read_record

Float32 = npt.NDArray[np.float32]
Spec = Mapping[str, Any]
Files = Mapping[str, store.AnyPath]
# Classes, and the logits (clips, classes) of the clips that ask.
Told = tuple[list[str], Float32]


def answer_disturbed(
    spec: Spec, *, files: Files, clips: store.AnyPath, output: store.AnyPath
) -> None:
    """Store the predictions of the test clips, disturbed; no rows where training failed.

    Parameters
    ----------
    spec : mapping
        As `resound.experiment.specs.disturbed_training` makes it: ``training`` and ``audio``.
    files : mapping of str to path
        The bank ``asking`` of disturbed clips; of a network its ``weights`` and ``model``, of a
        probe the ``bank`` of clips as they are and its ``choice``, of class names their ``words``,
        of a fine-tuned encoder its ``model``.
    clips : path
        The index.
    output : path
        Where predictions go, as `resound.training.outcome.predictions_of` returns them.
    """
    training = spec["training"]
    told = KINDS[_kind(training)]
    asked = {**_heard(training), "audio": spec["audio"]}
    bank = store.open_array(files["asking"], spec=asked)
    index = read_clips(clips).set_index("id", drop=False).loc[bank.ids["clips"]]
    classes, logits = told(training, np.asarray(bank.values[:, 0]), index, files)
    folds = training["split"]["query_folds"]
    test = np.flatnonzero(index["fold"].isin(folds)) if len(logits) else np.empty(0, int)
    store.write_csv(predictions_of(index.iloc[test], classes, logits[test]), output)


def _kind(training: Spec) -> str:
    """Return what learned: ``network``, ``probe``, ``finetuned``, ``words`` or ``tags``."""
    if "bank" in training:
        return "network"
    if "grid" in training:
        return "probe"
    return next((by for by in ("words", "tags") if by in training), "finetuned")


def _heard(training: Spec) -> Spec:
    """Return the spec of the bank of clips as they are, of which that of disturbed ones is made."""
    kind = _kind(training)
    if kind == "network":
        return {"training": training}
    if kind == "finetuned":
        return {"training": training, "vector": "probabilities"}
    heard: Spec = training["tags" if kind == "tags" else "frozen"]
    return heard


def _by_network(training: Spec, asking: Float32, index: pd.DataFrame, files: Files) -> Told:
    record = read_record(files["model"], spec=training)
    if record["outcome"] != TRAINED:
        return record["classes"], asking[:0]
    network = read_checkpoint(files["weights"], files["model"], spec=training)
    return record["classes"], network.classify(asking)


def _by_probe(training: Spec, asking: Float32, index: pd.DataFrame, files: Files) -> Told:
    y, classes = pd.factorize(index["category"], sort=True)
    choice = store.read_csv(files["choice"])
    if not len(choice):
        return list(classes), asking[:0]
    clean = store.open_array(files["bank"], spec=training["frozen"])
    seen = rows_outside(index, **training["split"])
    point = float(choice.loc[choice["chosen"] == 1, "value"].iloc[0])
    fitted = fitted_probe(training["head"], point, clean.values[:, 0][seen], y[seen])
    return list(classes), probe_logits(fitted, asking, len(classes))


def _by_words(training: Spec, asking: Float32, index: pd.DataFrame, files: Files) -> Told:
    named = store.open_array(files["words"], spec=training["words"])
    return named.ids["classes"], zero_shot_logits(asking, named.values[:, 0])


def _by_tags(training: Spec, asking: Float32, index: pd.DataFrame, files: Files) -> Told:
    classes = sorted(set(index["category"]))
    return classes, class_logits(asking, classes_of(classes))


def _by_finetuned(training: Spec, asking: Float32, index: pd.DataFrame, files: Files) -> Told:
    record = read_record(files["model"], spec=training)
    logits = np.log(np.maximum(asking, np.finfo(np.float32).tiny))
    return record["classes"], logits


KINDS: Mapping[str, Callable[[Spec, Float32, pd.DataFrame, Files], Told]] = {
    "network": _by_network,
    "probe": _by_probe,
    "words": _by_words,
    "tags": _by_tags,
    "finetuned": _by_finetuned,
}
