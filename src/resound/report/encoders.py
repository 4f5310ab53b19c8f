"""What a reader of a table must know of the pretrained encoders in it."""

from collections.abc import Iterator, Mapping
from typing import Any

FREESOUND = ("esc50", "esc10")
# What an encoder may have met of a data set whose recordings are Freesound's.
MET = {
    "clap": (
        "CLAP may have met any clip of this table in pre-training, queries included: it learned "
        "from Freesound, where every recording of ESC-50 comes from. Its publishers have a "
        "version of that data without ESC-50's clips; the weights do not say which they saw."
    ),
    "beats": (
        "BEATs may know the classes, not the clips: iteration 3+ and what was fine-tuned from it "
        "saw labels of AudioSet, whose classes include ESC-50's, on recordings of YouTube."
    ),
    "ast": (
        "AST may know the classes, not the clips: it saw labels of AudioSet, whose classes include "
        "ESC-50's, on recordings of YouTube."
    ),
}


def notes(encoders: Mapping[str, Mapping[str, Any]], dataset: str) -> Iterator[str]:
    """Yield a line for each encoder: that its weights are lacking, or what it may have met.

    Parameters
    ----------
    encoders : mapping
        As `resound.experiment.encodings.Encodings.sources` tells of a table's rows.
    dataset : str
        What the table is about.
    """
    for name, about in encoders.items():
        if about["absent"]:
            yield (
                f"Left out for want of weights, {about['source']}: {', '.join(about['rows'])}. "
                f"`resound weights` tells where to get them; the config names them in "
                f"encoders.{name}.weights."
            )
        elif dataset in FREESOUND and name in MET:
            yield MET[name]


def absent_rows(encoders: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return for each row that an encoder's lack of weights leaves empty the reason why."""
    return {
        row: f"the weights of {name} are not here"
        for name, about in encoders.items()
        if about["absent"]
        for row in about["rows"]
    }
