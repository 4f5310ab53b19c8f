"""Tags of the page: what an encoder takes each clip for, of AudioSet's classes."""

from typing import Any

import numpy as np
from scipy.special import expit

from resound import store
from resound.data.audioset import class_names
from resound.report.page.clips import Clips

N_SHOWN = 3  # tags of a clip
DECIMALS = 2


def tag_data(bank: store.AnyPath, clips: Clips) -> dict[str, Any]:
    """Return the likeliest tags of every clip.

    Parameters
    ----------
    bank : path
        Logits of AudioSet's classes of all clips.
    clips : Clips
        The index.

    Returns
    -------
    dict
        ``names``, those of all tags that stand anywhere; ``ofClips``, by position in the index, a
        list of ``[position in names, probability]``, the likeliest first.
    """
    logits = store.open_array(bank).rows(clips.ids)[:, 0]
    first = np.argsort(-logits, axis=1, kind="stable")[:, :N_SHOWN]
    likely = expit(np.take_along_axis(logits, first, axis=1).astype(np.float64)).round(DECIMALS)
    used, places = np.unique(first, return_inverse=True)
    names = class_names()
    pairs = np.stack([places.reshape(first.shape), likely], axis=2)
    return {
        "names": [names[tag] for tag in used],
        "ofClips": [[[int(place), value] for place, value in own] for own in pairs.tolist()],
    }
