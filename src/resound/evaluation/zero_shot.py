"""Classes by their names: the embedding of a clip beside those of words."""

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from resound.errors import DataError

Float32 = npt.NDArray[np.float32]


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

    Raises
    ------
    DataError
        When an embedding is all 0, and so has no direction.
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
    """Return the softmax of logits over the classes, each row summing to 1."""
    probabilities: Float32 = softmax(logits, axis=1)
    return probabilities
