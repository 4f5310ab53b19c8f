"""Snakemake in a process that is forked from one in which it is imported already.

Half of a dry run is the import of Snakemake and of the libraries that it and the rules stand on.
Nothing else is shared: the process has the folder, the environment and the arguments that it is
given, and imports the package of that folder.
"""

import atexit
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess

PRELOADED = ["jsonschema", "pandas", "snakemake.cli"]
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(PRELOADED)


def snakemake(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> CompletedProcess[str]:
    """Run Snakemake in a folder; return how it ended, with output and errors in one stream."""
    with tempfile.TemporaryDirectory() as aside:
        printed = Path(aside, "printed")
        process = FORKS.Process(
            target=_main, args=(list(arguments), folder, dict(environment), printed)
        )
        process.start()
        process.join()
        return CompletedProcess(arguments, process.exitcode, printed.read_text())


def _main(
    arguments: list[str], folder: Path, environment: Mapping[str, str], printed: Path
) -> None:
    """Take the place of a new interpreter: its folder, environment, path and streams."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = environment["PYTHONPATH"].split(os.pathsep)
    sys.argv = ["snakemake", *arguments]
    with printed.open("w") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    from snakemake.cli import main

    try:
        main(arguments)
    finally:
        atexit._run_exitfuncs()  # as an interpreter does, and a forked process does not
