"""A copy of the project in a temporary folder, run once, for the tests that change it."""

import copy
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.once import made_once
from tests.workflow import forked

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("Snakefile", "config.yaml", "workflow", "profiles", "src", "envs")


class Project:
    """A copy of the repository, and Snakemake at work in it."""

    targets = ("out/tables", "out/figures")
    configs = ("tiny.yaml",)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def fresh(cls, folder: Path) -> "Project":
        """Copy the repository into an empty folder."""
        for part in PARTS:
            copied = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            copied(ROOT / part, folder / part)
        for config in ("tiny.yaml", "encoders.yaml"):
            shutil.copy2(Path(__file__).with_name(config), folder / config)
        return cls(folder)

    def copy_to(self, folder: Path) -> "Project":
        """Copy all of it, results included."""
        other = copy.copy(self)
        other.folder = Path(shutil.copytree(self.folder, folder, symlinks=True))
        return other

    def snakemake(self, *arguments: str, check: bool = True, cpu_seconds: int | None = None) -> str:
        """Run Snakemake in the copy, against the copy's package; return all that it printed.

        A dry run is forked from a process that has imported Snakemake: see `forked`. With
        `cpu_seconds`, the system kills every process of a run that has used so much time.
        """
        # Weights that this machine may have are none of the tests'.
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder / "src"),
            "HF_HOME": str(self.folder / "hub"),
            "TORCH_HOME": str(self.folder / "torch"),
            "HF_HUB_OFFLINE": "1",
        }
        arguments = ("--cores", "1", *arguments)
        if "--dry-run" in arguments:
            done = forked.snakemake(arguments, self.folder, environment)
        else:
            limit = [] if cpu_seconds is None else ["prlimit", f"--cpu={cpu_seconds}"]
            done = subprocess.run(
                [*limit, sys.executable, "-m", "snakemake", *arguments],
                cwd=self.folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        keep_compiled(self.folder)
        if check:
            assert done.returncode == 0, done.stdout
        elif done.returncode == 0:
            pytest.fail(f"expected a failure, got:\n{done.stdout}")
        return done.stdout

    def run(self, *arguments: str, check: bool = True) -> str:
        """Run the experiment, by default the tiny one, tables and figures."""
        configs = ("--configfile", *self.configs)
        return self.snakemake(*self.targets, *arguments, *configs, check=check)

    def stale(self, *arguments: str) -> dict[str, int]:
        """Return how many jobs of each rule a run would do, target rules left out."""
        return self.jobs(self.run("--dry-run", *arguments))

    @staticmethod
    def jobs(output: str) -> dict[str, int]:
        """Read the job statistics, the last that were printed, target rules left out.

        A dry run has them in a table, a run in a sentence.
        """
        tables = re.findall(r"^job +count\n-[- ]+\n((?:.+\n)+?)total", output, re.MULTILINE)
        sentences = re.findall(r"^Job stats: \d+ jobs: (.+\n(?:    .+\n)*)", output, re.MULTILINE)
        if tables:
            rows = [line.split() for line in tables[-1].splitlines()]
        elif sentences:
            rows = [part.split()[::-1] for part in sentences[-1].split(",")]
        else:
            assert "Nothing to be done" in output, output
            rows = []
        return {rule: int(count) for rule, count in rows if "/" not in rule}

    @staticmethod
    def match(pattern: str, output: str) -> None:
        """Fail, showing the output, unless the pattern is found in one of its lines."""
        assert re.search(pattern, output), f"no {pattern!r} in:\n{output}"

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace text that must be there."""
        path = self.folder / file
        text = path.read_text()
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new))


def keep_compiled(folder: Path) -> None:
    """Copy the kernels that a copy has compiled to the repository, for the copies made after it.

    A compiled function is used only where it was made of the same code.
    """
    for kind in ("*.nbc", "*.nbi"):  # the code before the index that lists it
        for path in folder.joinpath("src").rglob(kind):
            kept = ROOT / path.relative_to(folder)
            if not kept.exists():
                kept.parent.mkdir(exist_ok=True)
                half = kept.with_name(f"{kept.name}.{os.getpid()}")
                shutil.copy2(path, half)
                half.rename(kept)


@pytest.fixture(scope="session")
def project_class() -> type[Project]:
    """Return what makes copies of the repository, for fixtures that keep one for longer."""
    return Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a fresh copy of the project in which nothing has run."""
    return Project.fresh(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a copy in which the tiny experiment has run; leave it as you found it."""

    def make(folder: Path) -> None:
        Project.fresh(folder).run("--cores", "2")

    return Project(made_once(tmp_path_factory, "finished", make))


@pytest.fixture
def copied(finished: Project, tmp_path: Path) -> Project:
    """Return a copy of the finished project, in which a test may run what it likes."""
    return finished.copy_to(tmp_path / "copied")


@pytest.fixture
def restored(finished: Project) -> Iterator[Project]:
    """Yield the finished project and undo a test's edits of its sources and config."""
    yield from undone(finished)


def undone(project: Project) -> Iterator[Project]:
    """Yield a project and undo what is then edited of its sources and config."""
    kept = {
        path: (path.read_bytes(), path.stat())
        for part in ("config.yaml", *project.configs, "workflow", "src", "data")
        for path in [project.folder / part, *(project.folder / part).rglob("*")]
        if path.is_file()
    }
    yield project
    for path, (content, stat) in kept.items():
        if (
            not path.is_file()
            or path.read_bytes() != content
            or path.stat().st_mtime != stat.st_mtime
        ):
            path.write_bytes(content)
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.fixture(scope="module")
def browser():
    """Yield the system's Chromium, or skip the test where there is none."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if program is None:
        pytest.skip("no Chromium here: apt-get install chromium, and the pages are tested")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        # A microphone that beeps, where a page asks for one and is allowed to.
        options += ["--use-fake-device-for-media-stream"]
        chromium = playwright.chromium.launch(executable_path=program, args=options)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser):
    """Return a function that opens a page and fails when it complains or asks for a file."""
    contexts, complaints = [], []

    def open_page(path: Path, *, width: int = 1280, scheme: str = "light", tap: bool = False):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, has_touch=tap
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: _note_request(asked.url, path, complaints))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _note_request(url: str, path: Path, complaints: list[str]) -> None:
    """Note every request but for the page itself and for what it holds in memory."""
    if url.partition("#")[0] != path.as_uri() and not url.startswith(("blob:", "data:")):
        complaints.append(f"asked for {url}")
