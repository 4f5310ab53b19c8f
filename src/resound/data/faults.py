"""Faults of a data set, in one error: the first few in its message, all of them in its details."""

from collections.abc import Sequence

from resound.errors import DataError

SHOWN = 5
LONGEST = 300  # characters of a line


def handful(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are.

    Examples
    --------
    >>> handful(list("abcdefg"))
    'a, b, c, d, e and 2 more'
    """
    rest = len(names) - SHOWN
    return _cut(", ".join(names[:SHOWN])) + (f" and {rest} more" if rest > 0 else "")


def raise_faults(where: object, faults: Sequence[str], next_step: str) -> None:
    """Raise one DataError that lists `faults`, if there are any."""
    if faults:
        count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
        raise faulty(f"{where}: {count}", faults, next_step)


def faulty(
    what: str, faults: Sequence[str], next_step: str, error: type[DataError] = DataError
) -> DataError:
    """Return an error whose message has the first faults, and whose `details` have all of them."""
    rest = len(faults) - SHOWN
    listed = [*map(_cut, faults[:SHOWN]), *([f"and {rest} more"] if rest > 0 else [])]
    made = error(f"{what}:\n  " + "\n  ".join(listed) + f"\n{next_step}")
    made.details = [] if listed == list(faults) else faults
    return made


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."
