"""A small experiment that is killed, starved and disturbed, and what it makes undisturbed."""

import io
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.once import made_once
from tests.reliability import Report, report_of
from tests.workflow.conftest import Project, keep_compiled

TABLES, FORMS = "out/tables", (".csv", ".md", ".tex")
N_TABLES = 8
RUN_MADE = ("out", "data", ".snakemake")


class Run:
    """A run of the command in a process group of its own."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder / "src"), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def await_lines(self, start: str, n_lines: int) -> bool:
        """Wait for lines that start so; say whether they came before the end."""
        while n_lines:
            self.lines.append(self.process.stdout.readline())
            if not self.lines[-1]:
                return False
            n_lines -= self.lines[-1].startswith(start)
        return True

    def outlives(self, seconds: float) -> bool:
        """Wait; say whether the run is still there."""
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def signal(self, number: int) -> None:
        """Send a signal to all processes of the run."""
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """Kill all processes of the run with SIGKILL and wait until they are gone."""
        self.signal(signal.SIGKILL)
        self.end()

    def end(self) -> str:
        """Wait for the end; return all that was printed."""
        self.lines.append(self.process.communicate()[0])
        return "".join(self.lines)

    def must_end_well(self) -> str:
        """Wait for the end, which must be good; return all that was printed."""
        output = self.end()
        assert self.process.returncode == 0, output
        return output

    def must_fail(self) -> str:
        """Wait for the end, which must be an error without a traceback; return what was printed."""
        output = self.end()
        assert self.process.returncode == 1, output
        assert "Traceback" not in output, output
        return output


class Experiment(Project):
    """A copy of the project with its small experiment, run by one command."""

    def start(self, *arguments: str) -> Run:
        """Start the command."""
        workflow = [sys.executable, "-m", "snakemake", TABLES, "--cores", "2"]
        return Run([*workflow, "--configfile", "small.yaml", *arguments], self.folder)

    def finish(self, *arguments: str) -> str:
        """Run the command to its end, which must be good; return what it printed."""
        return self.start(*arguments).must_end_well()

    def fail(self, *arguments: str) -> str:
        """Run the command to its end, which must be an error; return what it printed."""
        return self.start(*arguments).must_fail()

    def tables(self) -> dict[str, bytes]:
        """Return the bytes of every table, of one with timings its CSV without their columns."""
        files = sorted((self.folder / TABLES).iterdir())
        tables = {path.name: path.read_bytes() for path in files if path.suffix in FORMS}
        assert len(tables) == N_TABLES * len(FORMS)
        for form in FORMS:
            timed = tables.pop(f"classification{form}")
            if form == ".csv":
                frame = pd.read_csv(io.BytesIO(timed), dtype=str).drop(columns="train_seconds")
                tables["classification.csv"] = frame.to_csv(index=False).encode()
        return tables

    def forget(self) -> None:
        """Delete all that runs have made, as if none had been."""
        for part in RUN_MADE:
            shutil.rmtree(self.folder / part, ignore_errors=True)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """Return a copy in which the experiment has run from start to end; leave it as it is."""

    def make(folder: Path) -> None:
        shutil.copy2(Path(__file__).with_name("small.yaml"), folder)
        Experiment.fresh(folder).finish()
        keep_compiled(folder)

    return Experiment(made_once(tmp_path_factory, "undisturbed", make))


@pytest.fixture
def finished(undisturbed: Experiment, tmp_path: Path) -> Experiment:
    """Return a copy in which the experiment has run, and a test may do what it likes."""
    folder = tmp_path / "finished"
    return Experiment(Path(shutil.copytree(undisturbed.folder, folder, symlinks=True)))


@pytest.fixture
def experiment(finished: Experiment) -> Experiment:
    """Return a copy in which nothing has run; compiled code is kept."""
    finished.forget()
    return finished


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """Return what tells the page of reliability about the test."""
    return report_of(request, "fault")
