"""A broken torchvision is named; the packages here are tiny ones made for the purpose."""

import os
import subprocess
import sys

import pytest


def check(folder, **packages):
    """Run the check in a process that sees packages: name -> (version, requires, code)."""
    for name, (version, requires, code) in packages.items():
        info = folder / f"{name}-{version}.dist-info"
        info.mkdir()
        lines = [f"Requires-Dist: {need}" for need in requires]
        head = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines]
        (info / "METADATA").write_text("\n".join(head) + "\n")
        (folder / f"{name}.py").write_text(code)
    run = "from resound.jobs.environment import check; check()"
    env = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", run], env=env, capture_output=True, text=True, check=False
    )
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


TORCH = ("2.13.0+cpu", [], "")
BROKEN = "raise RuntimeError('operator torchvision::nms does not exist')"


def test_without_them_there_is_nothing_to_say(tmp_path):
    assert check(tmp_path) == ""


@pytest.mark.parametrize(
    ("version", "requires"), [("0.28.0", ["torch==2.13.0"]), ("0.27.0+cpu", ["torch==2.12.0"])]
)
def test_a_misfit_that_fails_is_named_with_the_way_out(tmp_path, version, requires):
    message = check(tmp_path, torch=TORCH, torchvision=(version, requires, BROKEN))
    assert f"torchvision {version} does not work with torch 2.13.0+cpu" in message
    assert "operator torchvision::nms does not exist" in message
    assert "python -m pip uninstall torchvision" in message


def test_torchaudio_is_looked_at_too(tmp_path):
    message = check(tmp_path, torch=TORCH, torchaudio=("2.12.0", ["torch==2.12.0"], BROKEN))
    assert "torchaudio 2.12.0 does not work" in message


def test_a_misfit_that_works_all_the_same_is_let_be(tmp_path):
    assert check(tmp_path, torch=TORCH, torchvision=("0.28.0", ["torch==2.13.0"], "")) == ""


def test_a_fitting_pair_is_not_imported(tmp_path):
    fitting = ("0.28.0+cpu", ["torch==2.13.0"], "raise RuntimeError('imported')")
    assert check(tmp_path, torch=TORCH, torchvision=fitting) == ""
