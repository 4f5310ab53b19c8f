"""The check of the environment: a torchvision or torchaudio that does not fit the torch beside it.

Lightning, torchmetrics and transformers import both packages when they find them, so a misfit
breaks training with an error about operators that never names its cause. resound needs neither.
"""

import subprocess
import sys
from importlib import metadata

from resound.errors import EnvironmentProblem

DECIDES_NO_NUMBER = "All that it can do is to end a job before it begins."

COMPANIONS = ("torchvision", "torchaudio")


def check() -> None:
    """Raise EnvironmentProblem when torchvision or torchaudio is installed and broken.

    Nothing is imported while the installed versions fit each other; only a suspicious pair is
    imported, in a process of its own, to see whether it really fails.
    """
    for package in COMPANIONS:
        version = _version(package)
        if version and not _fits(package, version):
            problem = _import_error(package)
            if problem:
                torch = _version("torch") or "(absent)"
                raise EnvironmentProblem(
                    f"{package} {version} does not work with torch {torch} ({problem}); "
                    f"resound does not need it: `python -m pip uninstall {package}`"
                )


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _fits(package: str, version: str) -> bool:
    """Compare what the package was built for with the torch that is here, build label included."""
    torch = _version("torch")
    if torch is None or torch.partition("+")[2] != version.partition("+")[2]:
        return False
    wanted = [need for need in metadata.requires(package) or () if need.startswith("torch==")]
    return all(need.removeprefix("torch==") == torch.partition("+")[0] for need in wanted)


def _import_error(package: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"import {package}"], capture_output=True, text=True, check=False
    )
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""
