"""The small index of the tests of searching, served to a client in memory."""

import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from resound.searching.index import Index
from resound.searching.indexing import open_or_create, update
from resound.searching.methods import choose
from resound.serving.app import make_app
from resound.serving.service import Service
from tests.unit.searching.conftest import BY, GRID, OPTIONS, write_sounds

PORT = 8123
HOST = f"http://127.0.0.1:{PORT}"


@pytest.fixture(scope="session")
def library(tmp_path_factory) -> Path:
    """Return a folder with `sounds`, and in `index` what was made of it; not to be changed."""
    folder: Path = tmp_path_factory.mktemp("serving")
    write_sounds(folder / "sounds")
    chosen = choose(BY, options=OPTIONS)
    update(*open_or_create(folder / "sounds", folder / "index", chosen, GRID), n_threads=1)
    return folder


@pytest.fixture
def own(library, tmp_path) -> Index:
    """Return a copy of the index, which may be changed."""
    return Index(shutil.copytree(library / "index", tmp_path / "index"))


@pytest.fixture
def client(own) -> TestClient:
    """Return a client of the page's server, as the page itself is."""
    return client_of(own)


def client_of(index: Index) -> TestClient:
    service = Service(index, index.choice.load(), n_threads=2)
    return TestClient(make_app(service, PORT), base_url=HOST)
