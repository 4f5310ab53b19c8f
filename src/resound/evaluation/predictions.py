"""Clip scores: from the predictions of a trained network to right or wrong for every clip."""

import pandas as pd

from resound import store

SCORE_DTYPES = {"clip": "str", "category": "str", "src_file": "str", "predicted": "str"}


def score_clips(predictions: pd.DataFrame, clips: pd.DataFrame) -> pd.DataFrame:
    """Score every test clip of one trained network.

    Parameters
    ----------
    predictions : DataFrame
        ``id, category, predicted`` of the test clips.
    clips : DataFrame
        The index, with ``id, category, src_file``.

    Returns
    -------
    DataFrame
        ``clip, category, src_file, predicted, accuracy``, the last 1 where the class was found
        and 0 elsewhere; no rows for a network whose training failed.

    Examples
    --------
    >>> predictions = pd.DataFrame({"id": ["a"], "category": ["dog"], "predicted": ["rain"]})
    >>> clips = pd.DataFrame({"id": ["a"], "category": ["dog"], "src_file": ["r1"]})
    >>> score_clips(predictions, clips)
      clip category src_file predicted  accuracy
    0    a      dog       r1      rain       0.0
    """
    about = clips.set_index("id").loc[predictions["id"]]
    return pd.DataFrame(
        {
            "clip": predictions["id"].to_numpy(),
            "category": about["category"].to_numpy(),
            "src_file": about["src_file"].to_numpy(),
            "predicted": predictions["predicted"].to_numpy(),
            "accuracy": (predictions["predicted"] == predictions["category"]).to_numpy(float),
        }
    )


def read_predictions(path: store.AnyPath) -> pd.DataFrame:
    """Read predictions as a training wrote them."""
    return store.read_csv(path, dtypes=dict.fromkeys(("id", "category", "predicted"), "str"))


def read_clip_scores(path: store.AnyPath) -> pd.DataFrame:
    """Read scores as `score_clips` returned them."""
    return store.read_csv(path, dtypes=SCORE_DTYPES)


def clips_asked(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of test clips as those of queries stand: a row a clip, ``query`` its id."""
    named = scores.rename(columns={"clip": "query"})
    return named[["query", "category", "src_file", "accuracy"]]
