"""Origin of a run: its code, machine, library versions and run times."""

import csv
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from resound.provenance import NUMERIC_LIBRARIES, TRAINING_LIBRARIES
from resound.store import AnyPath

NO_COMMIT = "not known: this is no git checkout"


def origin() -> dict[str, str]:
    """Return where and with what the page was made."""
    return {
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(Path(__file__).parent),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {_memory()}",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "Python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """Return the versions of the libraries that decide numbers, those that are installed."""
    names = sorted({"resound", "snakemake", "librosa", *NUMERIC_LIBRARIES, *TRAINING_LIBRARIES})
    installed = {str(found.metadata["Name"]).lower() for found in metadata.distributions()}
    return {name: metadata.version(name) for name in names if name in installed}


def commit(folder: AnyPath) -> str:
    """Return the commit of the checkout around `folder`, and whether files differ from it."""
    try:
        git = ("git", "-C", os.fspath(folder))
        name = _output(*git, "rev-parse", "HEAD")
        changed = _output(*git, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return NO_COMMIT
    return f"{name}, with uncommitted changes" if changed else name


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def rule_seconds(benchmarks: AnyPath) -> list[dict[str, Any]]:
    """Sum what Snakemake measured of every job by rule, the longest first.

    Returns
    -------
    list of dict
        ``rule``, ``jobs``, ``seconds`` and ``megabytes``, the largest memory of one job.
    """
    rules = []
    for entry in Path(benchmarks).glob("*"):
        files = sorted(entry.rglob("*.tsv")) if entry.is_dir() else [entry]
        jobs = [row for file in files for row in _measured(file)]
        if jobs:
            rules.append(
                {
                    "rule": entry.name.removesuffix(".tsv"),
                    "jobs": len(jobs),
                    "seconds": round(sum(_number(row["s"]) for row in jobs), 1),
                    "megabytes": round(max(_number(row["max_rss"]) for row in jobs)),
                }
            )
    return sorted(rules, key=lambda rule: (-rule["seconds"], rule["rule"]))


def _measured(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text, delimiter="\t"))


def _number(text: str) -> float:
    """Return a number that Snakemake wrote; 0 for what it could not measure of a short job."""
    try:
        return float(text)
    except ValueError:
        return 0.0


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    except (AttributeError, ValueError, OSError):
        return "unknown memory"
