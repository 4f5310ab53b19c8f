"""What the tests of training share."""

import copy
from types import SimpleNamespace

import pytest
from small_training import SPEC, make_bank


@pytest.fixture(scope="session")
def made() -> SimpleNamespace:
    """Return the bank and the index; not to be changed."""
    bank, clips = make_bank()
    return SimpleNamespace(bank=bank, clips=clips)


@pytest.fixture
def spec() -> dict:
    """Return the spec of the training, to be changed at will."""
    return copy.deepcopy(SPEC)
