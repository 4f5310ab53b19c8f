"""What all tests share."""

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.reliability import report_of_trouble

# A test passes or fails by what it is and not by the machine or by luck: no time limits, the same
# examples in every run, and none remembered from runs before. What a search at random finds
# becomes an `@example`. Speed is measured in benchmarks.
TIMELESS = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("resound", derandomize=True, database=None, **TIMELESS)
settings.register_profile("search", max_examples=5000, print_blob=True, **TIMELESS)
settings.load_profile("resound")


def pytest_runtest_setup() -> None:
    """Let what a test draws from torch not depend on the tests that ran before it."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell the page of reliability of a public trouble whose test has passed, or has not."""
    done = yield
    marker = item.get_closest_marker("trouble")
    if marker and call.when == "call":
        report = report_of_trouble(item.nodeid, *marker.args)
        if done.passed:
            report.write(tried=1, outcome=marker.args[1])
    return done


@pytest.fixture(scope="session")
def one_thread() -> Iterator[None]:
    """Let torch use one thread: two that share a core wait for each other most of the time."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def esc10() -> Path:
    """Return the folder of the real ESC-10 recordings, or skip the test."""
    return recordings("RESOUND_ESC10", "ESC-10 in ESC-50's layout")


@pytest.fixture(scope="session")
def esc50() -> Path:
    """Return the folder of the real ESC-50 as released, or skip the test."""
    return recordings("RESOUND_ESC50", "ESC-50 as it is released")


def recordings(variable: str, what: str) -> Path:
    """Return the folder that an environment variable names, or skip the test."""
    folder = os.environ.get(variable)
    if not folder:
        pytest.skip(f"{variable} is not set: it names a folder with {what}")
    root = Path(folder)
    assert (root / "meta" / "esc50.csv").is_file(), f"{variable}={folder} has no meta/esc50.csv"
    return root.resolve()
