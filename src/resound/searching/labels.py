"""Labels: hits as Audacity and Raven read them."""

from pathlib import Path

import pandas as pd

from resound.errors import ParameterError

FORMATS = ("audacity", "raven")
SCORES = ("similarity", "probability")


def as_labels(hits: pd.DataFrame, form: str) -> str:
    r"""Return hits as the text of a file of labels.

    Audacity's is a label track: start and end in seconds and a text, separated by tabs. It belongs
    to one sound, so all hits must be of one. Raven's is a selection table with a header, of any
    number of sounds: ``Begin Path`` names the file, and both the times and ``File Offset (s)`` are
    seconds from its beginning.

    Parameters
    ----------
    hits : DataFrame
        ``rank, file, start, end`` and the score, `similarity` or `probability`.
    form : str
        ``audacity`` or ``raven``.

    Raises
    ------
    ParameterError
        For hits of several sounds as one label track.

    Examples
    --------
    >>> hits = pd.DataFrame(
    ...     {"rank": [1], "file": ["a.wav"], "start": [2.5], "end": [7.5], "similarity": [0.97]}
    ... )
    >>> as_labels(hits, "audacity")
    '2.500000\t7.500000\t1 (0.970)\n'
    """
    return _raven(hits) if form == "raven" else _audacity(hits)


def _audacity(hits: pd.DataFrame) -> str:
    files = sorted({*hits["file"]})
    if len(files) > 1:
        raise ParameterError(
            f"the hits are of {len(files)} sounds, and a label track of Audacity belongs to one; "
            "name a folder for a file of labels each: --output <folder>, or take --labels raven"
        )
    rows = hits.assign(score=hits[_score(hits)]).sort_values(["start", "end"], kind="stable")
    return "".join(
        f"{row.start:.6f}\t{row.end:.6f}\t{row.rank} ({row.score:.3f})\n"
        for row in rows.itertuples()
    )


def _raven(hits: pd.DataFrame) -> str:
    table = pd.DataFrame(
        {
            "Selection": hits["rank"],
            "View": "Waveform 1",
            "Channel": 1,
            "Begin Time (s)": hits["start"].map("{:.6f}".format),
            "End Time (s)": hits["end"].map("{:.6f}".format),
            "Begin File": [Path(file).name for file in hits["file"]],
            "Begin Path": hits["file"],
            "File Offset (s)": hits["start"].map("{:.6f}".format),
            _score(hits).capitalize(): hits[_score(hits)].map("{:.4f}".format),
        }
    )
    return str(table.to_csv(sep="\t", index=False, lineterminator="\n"))


def _score(hits: pd.DataFrame) -> str:
    """Return which column says how good a hit is."""
    return next(name for name in SCORES if name in hits)
