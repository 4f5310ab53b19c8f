"""What the tests of faults and of hostile input tell the page docs/reliability.md."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from resound.errors import ResoundError

RESULTS = Path(__file__).resolve().parents[1] / "results" / "reliability"
VALUE, REFUSED = "value", "refused"


class Report:
    """The report of one test, which is there when the test has passed and not before.

    Parameters
    ----------
    path : pathlib.Path
        Its file.
    kind : str
        ``fault`` or ``input``.
    subject : str
        What was tried, in a few words: the first line of the test's docstring.
    """

    def __init__(self, path: Path, kind: str, subject: str) -> None:
        self.path, self.about = path, {"kind": kind, "subject": subject}
        self.outcomes: Counter[str] = Counter()
        path.unlink(missing_ok=True)

    def read(self, read: Callable[[], object], *names: str) -> None:
        """Count what a reader makes of an input: a value, or an error of ours that says where.

        Any other error is the test's failure, and so is a message that holds none of `names`.
        """
        message = None
        try:
            read()
        except ResoundError as error:
            message = str(error)
        assert message is None or any(name in message for name in names), message
        self.outcomes[VALUE if message is None else REFUSED] += 1

    def write(self, **facts: object) -> None:
        """Write the report; the last line of a test."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        counts = {"outcomes": dict(sorted(self.outcomes.items()))} if self.outcomes else {}
        text = json.dumps({**self.about, **counts, **facts}, indent=1)
        self.path.write_text(text + "\n")


def report_of(request: pytest.FixtureRequest, kind: str) -> Report:
    """Return the report of the test that asks for it."""
    name = request.node.name.replace("/", "_")
    summary = (request.function.__doc__ or "").strip().splitlines()[0]
    return Report(RESULTS / kind / f"{name}.json", kind, summary)


def report_of_trouble(test: str, done: str, _outcome: str) -> Report:
    """Return the report of a test of a public trouble, by its id; one of before is gone."""
    name = hashlib.sha256(test.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Report(RESULTS / "trouble" / f"{name}.json", "trouble", done)
