"""Bytes that nobody meant well, and the readers that meet them."""

import pytest

from tests.reliability import Report, report_of


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """Return what counts the outcomes of a test for the page of reliability."""
    return report_of(request, "input")
