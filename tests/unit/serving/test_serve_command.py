"""`resound serve` as a process: where it listens, what it prints, and how it ends."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from resound import cli


@pytest.fixture
def served(library):
    """Return the running command and the address that it printed."""
    command = [sys.executable, "-m", "resound.cli", "serve", str(library / "index"), "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process, process.stdout.readline().strip()
    process.kill()
    process.communicate()


def test_it_listens_to_this_machine_alone_and_ends_when_interrupted(served):
    process, address = served
    assert address.startswith("http://127.0.0.1:")
    port = int(address.rstrip("/").rpartition(":")[2])
    with urllib.request.urlopen(address) as page:
        assert b"<title>Search sounds" in page.read()
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        # Another address of this machine's own, on which nothing listens.
        other.connect(("127.0.0.2", port))
    os.kill(process.pid, signal.SIGINT)
    rest, said = process.communicate()
    assert process.returncode == 0
    assert rest == ""
    assert "Only this machine" in said
    assert "Traceback" not in said


def test_a_port_that_is_taken_is_one_error(library, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        asked = ["serve", str(library / "index"), "--no-browser", "--port", str(port)]
        assert cli.main(asked) == 1
    assert f"127.0.0.1:{port}: Address already in use; name another" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_that_cannot_be_is_one_error(library, capsys, port):
    assert cli.main(["serve", str(library / "index"), "--no-browser", "--port", port]) == 1
    assert f"port={port} must be from 0" in capsys.readouterr().err


def test_what_is_no_index_is_one_error(tmp_path, capsys):
    assert cli.main(["serve", str(tmp_path / "absent"), "--no-browser"]) == 1
    assert "is no index of sounds" in capsys.readouterr().err
