"""Notes on pretrained encoders under a table: missing weights, and what an encoder saw before."""

from collections.abc import Iterator, Mapping
from typing import Any

from resound.experiment.coordinates import TAGS, WORDS

FREESOUND = ("esc50", "esc10")
# What an encoder of a family may have met of a data set whose recordings are Freesound's.
MET = {
    "clap": (
        "CLAP may have seen any clip of this table in pre-training, queries included: it learned "
        "from Freesound, where every recording of ESC-50 comes from. Its publishers also have a "
        "version of that data without ESC-50's clips; the weights do not say which was used."
    ),
    "beats": (
        "BEATs may know the classes but not the clips: iteration 3+ and what was fine-tuned from "
        "it learned labels of AudioSet, whose classes include ESC-50's, on sounds from YouTube."
    ),
    "ast": (
        "AST may know the classes but not the clips: it learned labels of AudioSet, whose classes "
        "include ESC-50's, on sounds from YouTube."
    ),
    "efficientat": (
        "EfficientAT may know the classes but not the clips: it learned labels of AudioSet, whose "
        "classes include ESC-50's, and what a transformer makes of the same sounds from YouTube."
    ),
}
# How a class is named where nothing is trained.
NAMING = {
    WORDS: "words, as those whose embedding is nearest to the clip's",
    TAGS: (
        "AudioSet's tags, as those whose own tags, by a written map (docs/encoders.md), have the "
        "largest logits in the mean"
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
                f"These rows are missing because the weights {about['source']} are not here: "
                f"{', '.join(about['rows'])}. `resound weights` tells where to get them; the "
                f"config names them in encoders.{name}.weights."
            )
        elif about["trained_on"]:
            yield f"{name} was trained on {about['trained_on']}."
        elif dataset in FREESOUND:
            yield MET.get(
                about["family"],
                f"{name} may have met any clip of this table, queries included: nobody says what "
                f"it was trained on, as encoders.{name}.trained_on could.",
            )


def naming_notes(names_by: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each way in which rows of zero-shot classes name them.

    Parameters
    ----------
    names_by : mapping of str to str
        What each row names classes by: ``words`` or ``tags``.
    """
    for by, told in NAMING.items():
        if rows := [row for row, own in names_by.items() if own == by]:
            yield f"Classes are named by {told}: {', '.join(rows)}."


def absent_rows(encoders: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return for each row that an encoder's lack of weights leaves empty the reason why."""
    return {
        row: f"the weights of {name} are not here"
        for name, about in encoders.items()
        if about["absent"]
        for row in about["rows"]
    }
