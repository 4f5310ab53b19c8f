"""How much of a mapped file is in this process's memory."""

from pathlib import Path

import pytest

SMAPS = Path("/proc/self/smaps")
told = pytest.mark.skipif(not SMAPS.exists(), reason="only Linux tells it")


def mapped_bytes(path):
    """Return how much of the file is in this process's memory."""
    resident, inside = 0, False
    for line in SMAPS.read_text().splitlines():
        if "-" in line.split()[0]:
            inside = line.endswith(str(path))
        elif inside and line.startswith("Rss:"):
            resident += 1024 * int(line.split()[1])
    return resident
