"""One error for all faults of a data set."""

from collections.abc import Sequence

from resound.errors import DataError

FAULTS_SHOWN = 100


def raise_faults(where: object, faults: Sequence[str], next_step: str) -> None:
    """Raise one DataError that lists `faults`, if there are any."""
    if not faults:
        return
    rest = len(faults) - FAULTS_SHOWN
    listed = [*faults[:FAULTS_SHOWN], *([f"and {rest} more"] if rest > 0 else [])]
    count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
    raise DataError(f"{where}: {count}:\n  " + "\n  ".join(listed) + f"\n{next_step}")
