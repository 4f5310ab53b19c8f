"""One error for all faults of a data set: a handful in its message, all of them beside it."""

from collections.abc import Sequence

from resound.errors import SHOWN, DataError, shortened

DECIDES_NO_NUMBER = "All that it can do is to end a job, which then has stored nothing."


def raise_faults(where: object, faults: Sequence[str], next_step: str) -> None:
    """Raise one DataError that lists `faults`, if there are any."""
    if faults:
        count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
        raise faulty(f"{where}: {count}", faults, next_step)


def faulty(
    what: str, faults: Sequence[str], next_step: str, error: type[DataError] = DataError
) -> DataError:
    """Return an error whose message has the first faults, and whose `details` have all of them.

    Examples
    --------
    >>> print(faulty("meta.csv", ["line 3: no category"], "correct the file"))
    meta.csv:
      line 3: no category
    correct the file
    """
    rest = len(faults) - SHOWN
    listed = [*map(shortened, faults[:SHOWN]), *([f"and {rest} more"] if rest > 0 else [])]
    made = error(f"{what}:\n  " + "\n  ".join(listed) + f"\n{next_step}")
    made.details = [] if listed == list(faults) else faults
    return made
