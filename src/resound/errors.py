"""Errors that resound raises, and the checks of plain arguments that raise them.

Each message names the argument or file with its value, the rule that it broke and the next step.
"""

import difflib
import numbers
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

SHOWN = 5  # of many
LONGEST = 300  # characters of a line


class ResoundError(Exception):
    """Base of all errors that resound raises on purpose.

    Attributes
    ----------
    details : sequence of str
        A line for all that the message tells the first few of; empty where it tells everything.
    """

    details: Sequence[str] = ()


class ConfigError(ResoundError):
    """The configuration breaks its schema, or names something that does not exist."""


class ParameterError(ResoundError, ValueError):
    """An argument of a function is out of its range or of the wrong shape."""


class DataError(ResoundError):
    """A data set is absent, incomplete or breaks ESC-50's layout."""


class AudioError(DataError):
    """An audio file cannot be read, or holds nothing that can be used."""


class StoreError(ResoundError):
    """A stored artefact is damaged, or was made from other settings than asked for."""


class TrainingError(ResoundError):
    """A network cannot be trained on what it is given, or its training went astray."""


class CheckpointError(ResoundError):
    """A trained network is damaged, was made for something else, or has seen the clips asked of."""


class ReportError(ResoundError):
    """The page of a run cannot be made as it was asked for."""


class RunError(ResoundError):
    """The workflow cannot run here: another run is at work, or nothing can be written."""


class EnvironmentProblem(ResoundError):
    """The installed packages do not work together."""


def check_positive_int(name: str, value: Any, unit: str = "") -> int:
    """Return `value` as an int when it is a positive whole number, or raise ParameterError.

    Examples
    --------
    >>> check_positive_int("hop_length", 1024, "samples")
    1024
    """
    whole = hasattr(value, "__index__") and not isinstance(value, bool)
    if not whole or int(value) <= 0:
        raise ParameterError(f"{name}={value!r} must be a positive integer{unit and ' of ' + unit}")
    return int(value)


def is_real(value: Any) -> bool:
    """Whether `value` is a number on the real line, of Python or of numpy, and no truth value."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def check_choice(name: str, value: Any, choices: Iterable[Any]) -> Any:
    """Return `value` when it is one of `choices`, or raise ParameterError with the nearest one."""
    known = list(choices)
    if value not in known:
        raise ParameterError(f"{name}={value!r} {unknown(value, known)}")
    return value


def unknown(value: Any, known: Iterable[Any]) -> str:
    """Say that `value` is not among `known`, with the closest of them when one is near.

    Examples
    --------
    >>> unknown("mfc", ["mel", "mfcc"])
    "is not known; did you mean 'mfcc'? there are: mel, mfcc"
    """
    names = [str(name) for name in known]
    close = difflib.get_close_matches(str(value), names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"is not known; {hint}there are: {', '.join(names)}"


def as_read(name: str) -> str:
    """Return what a person reads in a name, the same for all names that are read as one.

    They differ in upper and lower case, white space, characters that cannot be seen, or the way in
    which accents and other compatible characters are encoded (Unicode's NFKC and case folding).

    Examples
    --------
    >>> as_read("Dog ") == as_read("dog")
    True
    """
    seen = (c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", " ".join("".join(seen).casefold().split()))


def handful(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    rest = len(names) - SHOWN
    return shortened(", ".join(names[:SHOWN])) + (f" and {rest} more" if rest > 0 else "")


def shortened(line: str) -> str:
    """Return a line that fits into a message."""
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."
