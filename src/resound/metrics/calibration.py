"""Calibration: whether the probabilities of classes are as sure as they are right.

All take logits: the probabilities of a clip are their softmax, at temperature T that of logits / T
(Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from resound.errors import ParameterError

Float64 = npt.NDArray[np.float64]

N_BINS = 15
# Where all clips are right, the best temperature is 0, and where none is, it has no bound.
TEMPERATURES = (0.05, 20.0)


def log_losses(logits: npt.ArrayLike, y: npt.ArrayLike) -> Float64:
    r"""Return the negative log likelihood :math:`-\log p_y` of the class of each clip, in nats.

    Parameters
    ----------
    logits : array_like, shape (clips, classes)
        Finite.
    y : array_like of int, shape (clips,)
        Class numbers, from 0.

    Returns
    -------
    ndarray of float64, shape (clips,)
        0 or more; :math:`\log C` where all C classes are equally likely.

    Raises
    ------
    ParameterError
        When there are no clips, the shapes do not fit together, a logit is not finite or a class
        number is none.

    Examples
    --------
    >>> log_losses([[0.0, 0.0]], [1]).round(3)
    array([0.693])
    """
    z, classes = _checked(logits, y)
    losses: Float64 = -log_softmax(z, axis=1)[np.arange(len(z)), classes]
    return losses


def brier_scores(logits: npt.ArrayLike, y: npt.ArrayLike) -> Float64:
    r"""Return the Brier score :math:`\sum_c (p_c - [c = y])^2` of each clip.

    Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78,
    1950.

    Parameters
    ----------
    logits : array_like, shape (clips, classes)
        Finite.
    y : array_like of int, shape (clips,)
        Class numbers, from 0.

    Returns
    -------
    ndarray of float64, shape (clips,)
        From 0 to 2.

    Raises
    ------
    ParameterError
        As `log_losses`.

    Examples
    --------
    >>> brier_scores([[0.0, 0.0]], [1])
    array([0.5])
    """
    z, classes = _checked(logits, y)
    p = softmax(z, axis=1)
    p[np.arange(len(z)), classes] -= 1
    scores: Float64 = (p**2).sum(axis=1)
    return scores


def calibration_error(logits: npt.ArrayLike, y: npt.ArrayLike, *, n_bins: int = N_BINS) -> float:
    r"""Return the expected calibration error of the predicted classes.

    Clips are put into bins of equal width by their confidence, the probability of the class that is
    predicted, the first of equals. Of :math:`n_b` of n clips in bin b,

    .. math:: \mathrm{ECE} = \sum_b \frac{n_b}{n} \left| \mathrm{right}_b - \mathrm{sure}_b \right|

    is the difference of the share that is right and the mean confidence (Naeini, Cooper and
    Hauskrecht, AAAI 2015; Guo et al. 2017). Of few clips it is above 0 by chance, however good the
    probabilities are.

    Parameters
    ----------
    logits : array_like, shape (clips, classes)
        Finite.
    y : array_like of int, shape (clips,)
        Class numbers, from 0.
    n_bins : int
        Bins between 0 and 1; a confidence on an edge falls into the lower bin.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ParameterError
        As `log_losses`, or for less than one bin.

    Examples
    --------
    Two clips of confidence 0.5, of which the first class is one:

    >>> calibration_error([[0.0, 0.0], [0.0, 0.0]], [0, 1])
    0.0
    """
    if n_bins < 1:
        raise ParameterError(f"n_bins={n_bins} must be at least 1; 15 is usual")
    z, classes = _checked(logits, y)
    sure, right = softmax(z, axis=1).max(axis=1), z.argmax(axis=1) == classes
    bins = np.clip(np.ceil(sure * n_bins).astype(int) - 1, 0, n_bins - 1)
    gaps = np.bincount(bins, weights=right - sure, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(z))


def temperature(logits: npt.ArrayLike, y: npt.ArrayLike) -> float:
    r"""Return the temperature at which the mean negative log likelihood is least.

    .. math:: T = \arg\min_T \; -\frac{1}{n} \sum_i \log \mathrm{softmax}(z_i / T)_{y_i}

    which has one minimum: the mean is convex in 1 / T. It is sought from 0.05 to 20.

    Parameters
    ----------
    logits : array_like, shape (clips, classes)
        Of clips that were not trained on, finite.
    y : array_like of int, shape (clips,)
        Class numbers, from 0.

    Returns
    -------
    float
        Above 1 where the probabilities are too sure.

    Raises
    ------
    ParameterError
        As `log_losses`.

    Examples
    --------
    Three clips of four are right, so the class predicted has probability 3/4:

    >>> T = temperature([[2.0, 0.0]] * 4, [0, 0, 0, 1])
    >>> round(T, 3), softmax(np.array([2.0, 0.0]) / T).round(2)
    (1.82, array([0.75, 0.25]))
    """
    z, classes = _checked(logits, y)
    bounds = np.log(TEMPERATURES)
    found = minimize_scalar(
        lambda log_t: log_losses(z / np.exp(log_t), classes).mean(),
        bounds=tuple(bounds),
        method="bounded",
        options={"xatol": 1e-8},
    )
    return float(np.exp(found.x))


def _checked(logits: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Float64, npt.NDArray[Any]]:
    z, classes = np.asarray(logits, np.float64), np.asarray(y)
    if z.ndim != 2 or not z.size or classes.shape != z.shape[:1]:
        raise ParameterError(
            f"logits of shape {z.shape} and y of shape {classes.shape} must hold the logits "
            "(clips, classes) and the class numbers (clips,) of one clip or more"
        )
    if not np.isfinite(z).all():
        raise ParameterError("logits must be finite; a network that diverged has none")
    if (
        not np.issubdtype(classes.dtype, np.integer)
        or not ((classes >= 0) & (classes < z.shape[1])).all()
    ):
        raise ParameterError(f"y must hold class numbers from 0 to {z.shape[1] - 1}")
    return z, classes
