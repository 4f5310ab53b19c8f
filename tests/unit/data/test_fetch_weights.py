"""Weights from a path and from a real HTTP server on this machine."""

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from resound.data.weights import fetch_weights
from resound.errors import DataError

CONTENT = b"weights of a network"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def url(tmp_path, monkeypatch):
    """Return the address of a file of weights."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "net.pth").write_bytes(CONTENT)
    handler = partial(Handler, directory=str(tmp_path / "served"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/net.pth"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_url_is_downloaded(url, tmp_path):
    fetch_weights(url, DIGEST, tmp_path / "out" / "cnn.weights")
    assert (tmp_path / "out" / "cnn.weights").read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["cnn.weights"]


def test_a_path_is_copied(tmp_path):
    (tmp_path / "net.pth").write_bytes(CONTENT)
    fetch_weights(str(tmp_path / "net.pth"), DIGEST, tmp_path / "cnn.weights")
    assert (tmp_path / "cnn.weights").read_bytes() == CONTENT


def test_a_wrong_digest_is_an_error_and_leaves_nothing(url, tmp_path):
    with pytest.raises(DataError, match=rf"net\.pth: its sha256 is {DIGEST}, not 0{{64}}"):
        fetch_weights(url, "0" * 64, tmp_path / "out" / "cnn.weights")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_source_that_is_not_there_is_an_error(url, tmp_path):
    with pytest.raises(DataError, match=r"absent: there is no such file; .* null to train from"):
        fetch_weights(str(tmp_path / "absent"), DIGEST, tmp_path / "cnn.weights")
    with pytest.raises(DataError, match="answers 404"):
        fetch_weights(f"{url}x", DIGEST, tmp_path / "cnn.weights")
