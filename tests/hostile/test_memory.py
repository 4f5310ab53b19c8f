"""Small files that claim to be huge, read in a process that may not have the memory for it."""

import json
import struct
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from resound import store

ROOM_MB = 300
CHILD = """
import resource, sys
from pathlib import Path
import numpy, pandas, soundfile, soxr
from resound.errors import ResoundError
{imports}
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
limit = used + {room} * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    {call}
except ResoundError as error:
    print(f"{{type(error).__name__}}: {{error}}")
"""


def read(call: str, imports: str = "") -> str:
    """Run a call in a process with little memory; return the message of its error."""
    script = CHILD.format(call=call, imports=imports, room=ROOM_MB)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_process_that_takes_more_is_stopped():
    with pytest.raises(AssertionError, match="MemoryError"):
        read(f"bytearray({2 * ROOM_MB} * 2**20)")


@pytest.mark.parametrize("frames", [2**31, 2**32 - 37])
def test_a_wav_header_that_claims_billions_of_frames(tmp_path, report, frames):
    """a WAV file of 100 bytes whose header claims billions of bytes"""
    path = tmp_path / "huge.wav"
    soundfile.write(path, np.zeros(28), 8000, "PCM_16")
    content = bytearray(path.read_bytes())
    content[4:8] = struct.pack("<I", min(frames + 36, 2**32 - 1))
    content[40:44] = struct.pack("<I", frames)
    path.write_bytes(content)
    index = f"from resound.data.index import _measure; print(_measure(Path({str(path)!r}), -60.0))"
    said = read(
        f"reading.load({str(path)!r}, sample_rate=8000, duration=1.0)",
        "from resound.audio import reading",
    )
    said += read(index)
    report.write(tried=2, outcome="read as far as it goes, or refused", details=f"{frames} bytes")
    assert "Memory" not in said


@pytest.mark.parametrize("shape", [(2**28,), (2**62, 3), (-1, 4)])
def test_an_array_header_that_claims_a_gigabyte(tmp_path, report, shape):
    """an array of some bytes whose header and record claim gigabytes"""
    path = tmp_path / "huge.npy"
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape!r}, }}".ljust(117) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header.encode())
    record = {"spec": {}, "ids": {"clips": []}, "shape": list(shape), "dtype": "<f4"}
    record |= {"file": path.name, "sha256": store.sha256_of(path)}
    (tmp_path / "spec.json").write_text(json.dumps(record))
    said = read(f"store.open_array({str(path)!r})", "from resound import store")
    assert said.startswith("StoreError: ")
    assert "huge.npy: is not a whole .npy file" in said
    report.write(tried=1, outcome="refused", details=str(shape))


def test_a_file_of_weights_that_claims_terabytes(tmp_path, report):
    """a safetensors file of some bytes whose header claims terabytes"""
    path = tmp_path / "huge.safetensors"
    about = {"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}
    header = json.dumps(about).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    imports = "from resound.encoders.tensors import read_state"
    said = read(f"read_state(Path({str(path)!r}))", imports)
    path.write_bytes(struct.pack("<Q", 2**62) + header)
    said += read(f"read_state(Path({str(path)!r}))", imports)
    assert said.count("CheckpointError: ") == said.count("huge.safetensors: is damaged") == 2
    report.write(tried=2, outcome="refused")


def test_a_record_that_claims_a_network_of_terabytes(tmp_path, report):
    """a stored network of some bytes whose record claims terabytes"""
    weights, model = tmp_path / "weights.safetensors", tmp_path / "model.json"
    weights.write_bytes(struct.pack("<Q", 2) + b"{}")
    about = {"name": "cnn", "options": {"channels": [2**20, 2**20]}, "n_dims": 8, "n_planes": 1}
    inputs = {"n_planes": 1, "scale": "decibel", "max_bins": 8, "mean": [0.0], "std": [1.0]}
    record = {"outcome": "trained", "spec": {}, "classes": ["dog"], "folds_seen": []}
    record |= {"network": about, "input": inputs, "weights_sha256": store.sha256_of(weights)}
    record["training"] = {"parameters": 1, "seconds": 0.0, "device": "cpu"}
    model.write_text(json.dumps(record))
    said = read(
        f"read_checkpoint({str(weights)!r}, {str(model)!r})",
        "from resound.training.checkpoint import read_checkpoint",
    )
    assert said.startswith("CheckpointError: ")
    assert "bytes of weights" in said
    report.write(tried=1, outcome="refused")
