"""Zero-shot classification by AudioSet's tags: each class by the tags that stand for it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from resound import store
from resound.data.audioset import classes_of
from resound.data.index import read_clips
from resound.evaluation.zero_shot import Float32, write_zero_shot


def zero_shot_by_tags(
    spec: Mapping[str, Any],
    *,
    clips: store.AnyPath,
    tags: store.AnyPath,
    files: Mapping[str, store.AnyPath],
) -> None:
    """Take every clip for the class whose tags have the largest logits in the mean.

    Parameters
    ----------
    spec : mapping
        Of the class probabilities' bank, with ``training``.
    clips : path
        The index, which names the classes.
    tags : path
        Logits of AudioSet's classes of all clips.
    files : mapping of str to path
        As `resound.evaluation.zero_shot.zero_shot` takes them.

    Raises
    ------
    DataError
        When no tag stands for a class.
    """
    tagged = store.open_array(tags, spec=spec["training"]["tags"])
    index = read_clips(clips).set_index("id", drop=False).loc[tagged.ids["clips"]]
    classes = sorted(set(index["category"]))
    logits = class_logits(tagged.values[:, 0], classes_of(classes))
    write_zero_shot(spec, index, classes, logits, files)


def class_logits(tags: npt.NDArray[np.float32], members: Sequence[Sequence[int]]) -> Float32:
    r"""Return the logits :math:`\frac{1}{|T_j|} \sum_{t \in T_j} z_{it}` of clips i and classes j.

    Parameters
    ----------
    tags : ndarray, shape (n, n_tags)
        Logits z of tags.
    members : sequence of sequence of int
        The tags T that stand for each class, one at least, as columns.

    Returns
    -------
    ndarray, shape (n, classes)

    Examples
    --------
    >>> class_logits(np.array([[1.0, 3.0, 2.0]], dtype=np.float32), [(0, 1), (2,)])
    array([[2., 2.]], dtype=float32)
    """
    return np.stack([tags[:, list(own)].mean(axis=1) for own in members], axis=1)
