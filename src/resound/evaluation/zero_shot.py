"""Zero-shot classification: the embedding of a clip beside those of the classes' names."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import softmax

from resound import store
from resound.data.index import read_clips
from resound.errors import DataError
from resound.training.outcome import outcome_of, untrained, write_outcome
from resound.training.record import new_record

Float32 = npt.NDArray[np.float32]


def zero_shot(
    spec: Mapping[str, Any],
    *,
    clips: store.AnyPath,
    bank: store.AnyPath,
    words: store.AnyPath,
    files: Mapping[str, store.AnyPath],
) -> None:
    """Take every clip for the class whose name its embedding is nearest to.

    Parameters
    ----------
    spec : mapping
        Of the class probabilities' bank, with ``training``, as
        `resound.experiment.encodings.Encodings.vectors` makes it.
    clips : path
        The index.
    bank, words : path
        Embeddings of all clips, and of the classes' names.
    files : mapping of str to path
        Where ``model, predictions, confusion`` go, and ``bank``, the class probabilities.
    """
    training = spec["training"]
    embedded = store.open_array(bank, spec=training["frozen"])
    named = store.open_array(words, spec=training["words"])
    logits = zero_shot_logits(embedded.values[:, 0], named.values[:, 0])
    index = read_clips(clips).set_index("id", drop=False).loc[embedded.ids["clips"]]
    write_zero_shot(spec, index, named.ids["classes"], logits, files)


def write_zero_shot(
    spec: Mapping[str, Any],
    clips: pd.DataFrame,
    classes: list[str],
    logits: Float32,
    files: Mapping[str, store.AnyPath],
) -> None:
    """Write what was made of clips without training, as `zero_shot` does.

    Parameters
    ----------
    spec, files
        As `zero_shot` takes them.
    clips : DataFrame
        Rows of the index.
    classes : list of str
        Categories.
    logits : ndarray, shape (clips, classes)
        The largest of a clip names its class.
    """
    record = untrained(new_record(spec["training"]), 0, 0)
    record |= {"classes": classes, "folds_seen": []}
    write_outcome(outcome_of(record, clips, logits), files)
    shape, ids = (len(logits), 1, logits.shape[1]), {"clips": list(clips["id"])}
    with store.create_array(files["bank"], shape, "float32", spec=spec, ids=ids) as array:
        array[:, 0] = class_probabilities(logits)


def zero_shot_logits(clips: npt.NDArray[np.float32], classes: npt.NDArray[np.float32]) -> Float32:
    r"""Return the logits :math:`s \, e_i \cdot t_j / |e_i|` of clips.

    Parameters
    ----------
    clips : ndarray, shape (n, d)
        Embeddings e of clips, of any length but 0.
    classes : ndarray, shape (classes, d)
        Embeddings of the classes' names, of length s, the encoder's logit scale.

    Returns
    -------
    ndarray, shape (n, classes)
        From -s to s.

    Raises
    ------
    DataError
        When an embedding is all 0, and so has no direction.

    Examples
    --------
    >>> clips = np.array([[3.0, 0.0]], dtype=np.float32)
    >>> classes = np.array([[2.0, 0.0], [0.0, 2.0]], dtype=np.float32)  # a scale of 2
    >>> zero_shot_logits(clips, classes)
    array([[2., 0.]], dtype=float32)
    """
    lengths = np.linalg.norm(clips, axis=1, keepdims=True)
    if not lengths.all():
        raise DataError(
            f"the embedding of the clip at row {int(np.argmin(lengths))} is all 0; "
            "look at the clip, or leave it out"
        )
    logits: Float32 = clips / lengths @ classes.T
    return logits


def class_probabilities(logits: npt.NDArray[np.float32]) -> Float32:
    """Return the softmax of logits over the classes.

    Parameters
    ----------
    logits : ndarray, shape (n, classes)
        As `zero_shot_logits` returns them.

    Returns
    -------
    ndarray, shape (n, classes)
        Probabilities; each row sums to 1.

    Examples
    --------
    >>> class_probabilities(np.array([[0.0, 0.0]], dtype=np.float32))
    array([[0.5, 0.5]], dtype=float32)
    """
    probabilities: Float32 = softmax(logits, axis=1)
    return probabilities
