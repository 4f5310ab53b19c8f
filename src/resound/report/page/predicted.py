"""Predictions of classifiers as the page shows them: confused classes, and their clips."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import softmax

from resound.evaluation.predictions import read_predictions
from resound.report.page.clips import Clips
from resound.store import AnyPath

LOGIT = "logit:"


def read(files: Iterable[AnyPath]) -> pd.DataFrame:
    """Read the predictions of one classifier, of all its splits."""
    return pd.concat([read_predictions(file) for file in files], ignore_index=True)


def classifier_data(predictions: pd.DataFrame, clips: Clips, n_mistakes: int) -> dict[str, Any]:
    """Return what one classifier made of its test clips.

    Returns
    -------
    dict
        ``pairs``, ``[class, class taken for it, clips]``; ``asked``, test clips of each class;
        ``mistakes``, ``[clip, class taken for it, probability]``, the surest first; ``wrong``, how
        many there are in all.

    Examples
    --------
    >>> about = {"id": ["a", "b"], "category": ["rain", "dog"], "predicted": "dog"}
    >>> logits = {"logit:dog": 0.0, "logit:rain": 0.0}
    >>> clips = Clips(pd.DataFrame(about).assign(group="all"))
    >>> classifier_data(pd.DataFrame(about | logits), clips, n_mistakes=5)
    {'pairs': [[0, 0, 1], [1, 0, 1]], 'asked': [1, 1], 'mistakes': [[0, 0, 0.5]], 'wrong': 1}
    """
    true = clips.class_positions(predictions["category"])
    taken = clips.class_positions(predictions["predicted"])
    sure = _probabilities(predictions)
    wrong = np.flatnonzero(true != taken)
    first = wrong[np.argsort(-sure[wrong], kind="stable")][:n_mistakes]
    place = clips.positions(predictions["id"])
    return {
        "pairs": clips.count_pairs(true, taken),
        "asked": np.bincount(true, minlength=len(clips.classes)).tolist(),
        "mistakes": [[int(place[i]), int(taken[i]), round(float(sure[i]), 3)] for i in first],
        "wrong": len(wrong),
    }


def _probabilities(predictions: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the softmax probability of each clip's predicted class, the largest."""
    columns = [name for name in predictions.columns if str(name).startswith(LOGIT)]
    logits = predictions[columns].to_numpy(np.float64)
    # A class that another split's network does not know has no logit there.
    known = np.where(np.isnan(logits), -np.inf, logits)
    return np.asarray(softmax(known, axis=1).max(axis=1))
