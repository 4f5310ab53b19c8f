"""What a measurement ran on."""

import os
import platform
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "resound", "numpy", "scipy", "numba", "llvmlite", "dtaidistance", "tslearn", "aeon", "librosa",
)  # fmt: skip
CPUINFO = Path("/proc/cpuinfo")
VECTOR_SETS = ("sse4_2", "avx2", "fma", "avx512f", "asimd", "sve")


def describe() -> dict[str, str]:
    """Return processor, cores, vector instructions, system, Python and the packages' versions."""
    return {
        "processor": _cpu_field("model name") or platform.processor() or platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "vector instructions": " ".join(
            name for name in VECTOR_SETS if name in _cpu_field("flags").split()
        )
        or "unknown",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **{package: _version(package) for package in PACKAGES},
    }


def _cpu_field(key: str) -> str:
    if CPUINFO.is_file():
        for line in CPUINFO.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == key:
                return value.strip()
    return ""


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"
