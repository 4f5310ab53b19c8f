"""Classification metrics: how well predicted classes match the true ones."""

import numpy as np
import numpy.typing as npt
from sklearn.metrics import f1_score

from resound.errors import ParameterError


def macro_f1(true: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    r"""Return the mean over classes of the harmonic mean of precision and recall.

    With :math:`tp_c, fp_c, fn_c` the clips of class c that were found, wrongly taken for it, and
    missed,

    .. math:: F_1 = \frac{1}{C} \sum_c \frac{2\, tp_c}{2\, tp_c + fp_c + fn_c}

    over the C classes that occur in `true` or in `predicted`.

    Parameters
    ----------
    true, predicted : array_like, shape (clips,)
        Labels, one a clip.

    Returns
    -------
    float
        0 to 1.

    Raises
    ------
    ParameterError
        When there are no clips, or not as many predictions as clips.

    Examples
    --------
    Of two classes one is found, with a clip too many, and the other never.

    >>> round(macro_f1(["dog", "rain"], ["dog", "dog"]), 3)
    0.333
    """
    y, p = np.asarray(true), np.asarray(predicted)
    if y.ndim != 1 or y.shape != p.shape or not len(y):
        raise ParameterError(
            f"true of shape {y.shape} and predicted of shape {p.shape} must hold one label for "
            "each of one clip or more"
        )
    return float(f1_score(y, p, average="macro", zero_division=0))
