"""What the tests of encoders share: tiny checkpoints, written once."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a tiny checkpoint of every encoder; not to be changed."""
    from tiny_encoders import write_all

    folder = tmp_path_factory.mktemp("tiny")
    write_all(folder)
    return folder


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, one_thread: None) -> None:
    """Keep the tests from the network, and torch to one thread."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
