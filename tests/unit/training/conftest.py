"""What the tests of training share."""

import copy
from types import SimpleNamespace

import pytest
import torch
from small_training import SPEC, make_bank


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Train on one thread: two that share a core wait for each other most of the time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def made() -> SimpleNamespace:
    """Return the bank and the index; not to be changed."""
    bank, clips = make_bank()
    return SimpleNamespace(bank=bank, clips=clips)


@pytest.fixture
def spec() -> dict:
    """Return the spec of the training, to be changed at will."""
    return copy.deepcopy(SPEC)
