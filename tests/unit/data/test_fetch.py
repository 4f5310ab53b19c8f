"""Fetching from a real HTTP server on this machine."""

import hashlib
import logging
import re
import shutil
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from resound.data import fetch
from resound.data.download import download
from resound.data.layout import Contents, read_meta
from resound.errors import DataError, ParameterError

SMALL = Contents(8, 2, 4, 2, sample_rate=8_000, channels=1, frames=2_000)


class Handler(BaseHTTPRequestHandler):
    """Serves the server's `content` as the server's switches say, and notes every request."""

    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range")
        server.requests.append(wanted)
        if server.status != 200:
            self.send_error(server.status)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted else 0
        if self.headers.get("If-Range", server.etag) != server.etag or not server.ranges:
            start = 0
        if start > len(server.content):
            self.send_error(416)
            return
        body = server.content[start:]
        self.send_response(206 if start else 200)
        if server.etag:
            self.send_header("ETag", server.etag)
        if start:
            last = len(server.content) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{len(server.content)}")
        if server.length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if server.cuts:
            body = body[: server.cuts.pop(0)]
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.content, server.etag, server.status = b"", '"v1"', 200
    server.ranges, server.length, server.cuts, server.requests = True, True, [], []
    server.url = f"http://127.0.0.1:{server.server_address[1]}/master.zip"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def archive(server, small_set, tmp_path):
    """What the server offers: the small data set as GitHub packs it, one folder around it."""
    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for member in sorted(small_set.rglob("*")):
            file.write(member, f"ESC-50-master/{member.relative_to(small_set)}")
    shutil.rmtree(small_set)
    server.content = path.read_bytes()
    path.unlink()
    return server


def get(server, folder, **changes):
    digest = hashlib.sha256(server.content).hexdigest()
    origin = {"url": server.url, "size": len(server.content), "sha256": digest, "pause": 0}
    fetch.fetch_dataset(folder / "ESC-50", **{**origin, "expected": SMALL, **changes})


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_fetches_unpacks_and_cleans_up(archive, tmp_path, caplog):
    get(archive, tmp_path)
    assert names(tmp_path) == ["ESC-50"]
    assert names(tmp_path / "ESC-50") == ["audio", "meta"]
    assert len(read_meta(tmp_path / "ESC-50", "esc50")) == 8
    assert caplog.text == ""


def test_another_digest_with_right_contents_is_a_warning(archive, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        get(archive, tmp_path, sha256="0" * 64, size=len(archive.content) - 1)
    assert "is not the known 000000" in caplog.text
    assert "its contents are right" in caplog.text
    assert len(read_meta(tmp_path / "ESC-50", "esc50")) == 8


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        (Contents(9, 2, 4, 2, 8_000, 1, 2_000), "clips: 8, not 9"),
        (Contents(8, 2, 4, 2, 44_100, 1, 2_000), r"1-0-A-0\.wav: .*\(8000, 1, 2000\), not \(44100"),
    ],
)
def test_wrong_contents_are_an_error_and_leave_nothing(archive, tmp_path, expected, message):
    with pytest.raises(DataError, match=message):
        get(archive, tmp_path, expected=expected)
    assert names(tmp_path) == []


def test_audio_must_be_what_the_csv_lists(small_set):
    audio = small_set / "audio"
    (audio / "1-0-A-0.wav").rename(audio / "stray.wav")
    (audio / "1-1-A-0.wav").write_bytes(b"")
    with pytest.raises(
        DataError,
        match=r"3 faults:\n  audio/1-0-A-0\.wav: missing.*\n  audio/1-1-A-0\.wav: empty.*\n"
        r"  audio/stray\.wav: is not in the CSV",
    ):
        fetch.check_audio(small_set, read_meta(small_set, "esc50"), SMALL)


@pytest.mark.parametrize("content", [b"<!DOCTYPE html><title>Sign in</title>", b"PK\x03\x04 half"])
def test_what_is_no_archive_leaves_nothing(server, tmp_path, content):
    server.content = content
    with pytest.raises(DataError, match="is not a whole zip archive"):
        get(server, tmp_path)
    assert names(tmp_path) == []


def test_archive_with_a_way_out_leaves_nothing(server, tmp_path):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("ESC-50-master/../../evil.txt", "out")
    server.content = path.read_bytes()
    path.unlink()
    with pytest.raises(DataError, match="would leave the folder it is unpacked to"):
        get(server, tmp_path)
    assert names(tmp_path) == []


def test_archive_of_something_else(server, tmp_path):
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("other/README", "")
    server.content = path.read_bytes()
    path.unlink()
    with pytest.raises(DataError, match="holds no meta/ folder"):
        get(server, tmp_path)


def test_archive_placed_by_hand_is_used_and_kept_when_wrong(archive, tmp_path):
    placed = tmp_path / "ESC-50.zip"
    placed.write_bytes(archive.content[:-30])
    with pytest.raises(DataError, match=r"ESC-50\.zip was there before; replace or delete it"):
        get(archive, tmp_path)
    assert names(tmp_path) == ["ESC-50.zip"]
    placed.write_bytes(archive.content)
    get(archive, tmp_path)
    assert names(tmp_path) == ["ESC-50"]
    assert archive.requests == []


def test_no_network_says_how_to_place_it_by_hand(server, tmp_path):
    server.shutdown()
    server.server_close()
    with pytest.raises(DataError) as caught:
        get(server, tmp_path)
    message = str(caught.value)
    assert f"{server.url}: cannot be downloaded" in message
    assert f"save the archive as {tmp_path / 'ESC-50.zip'}" in message
    assert str(tmp_path / "ESC-50" / "meta" / "esc50.csv") in message
    assert "--config data_root=" in message
    assert names(tmp_path) == []


def test_ensure_fetches_only_where_nothing_is(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(
        fetch.fetch_dataset, "__kwdefaults__", {"expected": SMALL, "n_threads": 1, "pause": 0}
    )
    origin = {"url": archive.url, "size": 1_000_000, "sha256": "0" * 64}
    first = fetch.ensure_dataset("esc50", str(tmp_path / "ESC-50"), **origin)
    again = fetch.ensure_dataset("esc50", tmp_path / "ESC-50", **origin)
    assert first == again
    assert (first["dataset"], first["clips"], first["classes"]) == ("esc50", 8, 2)
    assert len(first["sha256"]) == 64
    assert len(archive.requests) == 1


def test_ensure_does_not_touch_a_folder_that_holds_something_else(server, tmp_path):
    (tmp_path / "ESC-50").mkdir()
    (tmp_path / "ESC-50" / "thesis.txt").write_text("mine")
    with pytest.raises(DataError, match="must hold one CSV"):
        fetch.ensure_dataset("esc50", tmp_path / "ESC-50", url=server.url, size=1, sha256="")
    assert names(tmp_path / "ESC-50") == ["thesis.txt"]


def test_ensure_needs_a_folder_to_be_there(tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        fetch.ensure_dataset("folder", tmp_path / "mine")


# Downloads


CONTENT = bytes(range(256)) * 4096


@pytest.fixture
def large(server):
    server.content = CONTENT
    return server


def load_whole(server, folder):
    path = download(server.url, folder / "file", size=len(CONTENT), pause=0)
    assert path.read_bytes() == CONTENT
    assert names(folder) == ["file"]


def test_cut_connection_is_resumed(large, tmp_path):
    large.cuts = [300_000, 400_000]
    load_whole(large, tmp_path)
    assert large.requests == [None, "bytes=300000-", "bytes=700000-"]


def test_a_later_run_goes_on_where_the_last_one_stopped(large, tmp_path):
    large.cuts = [300_000, 0, 0, 0, 0]
    with pytest.raises(DataError, match=r"300000 of 1048576 bytes arrived"):
        download(large.url, tmp_path / "file", size=len(CONTENT), pause=0)
    assert names(tmp_path) == ["file.part", "file.part.tag"]
    load_whole(large, tmp_path)
    assert large.requests[-1] == "bytes=300000-"


def test_server_that_ignores_ranges_sends_it_all_again(large, tmp_path):
    large.cuts, large.ranges = [300_000], False
    load_whole(large, tmp_path)


def test_another_version_is_not_glued_to_the_old_part(large, tmp_path):
    (tmp_path / "file.part").write_bytes(b"old" * 1000)
    (tmp_path / "file.part.tag").write_text('"v0"')
    load_whole(large, tmp_path)
    assert large.requests == ["bytes=3000-"]


def test_part_without_known_version_is_not_resumed(large, tmp_path):
    (tmp_path / "file.part").write_bytes(b"old" * 1000)
    load_whole(large, tmp_path)
    assert large.requests == [None]


def test_part_longer_than_the_file_starts_afresh(large, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT * 2)
    (tmp_path / "file.part.tag").write_text('"v1"')
    load_whole(large, tmp_path)
    assert large.requests == ["bytes=2097152-", None]


def test_server_that_states_neither_length_nor_version(large, tmp_path):
    large.length, large.etag = False, ""
    load_whole(large, tmp_path)


def test_server_that_never_ends(large, tmp_path):
    with pytest.raises(DataError, match="sends more than 20000 bytes; expected 10000"):
        download(large.url, tmp_path / "file", size=10_000, pause=0)
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize(("status", "attempts"), [(404, 1), (503, 5)])
def test_server_that_refuses(large, tmp_path, status, attempts):
    large.status = status
    with pytest.raises(DataError, match=f"the server answers {status}"):
        download(large.url, tmp_path / "file", size=1, pause=0)
    assert len(large.requests) == attempts
    assert names(tmp_path) == []


def test_other_schemes(tmp_path):
    with pytest.raises(ParameterError, match="url='file:///etc/passwd' must start with http"):
        download("file:///etc/passwd", tmp_path / "file", size=1)
