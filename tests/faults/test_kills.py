"""SIGKILL of the whole process tree, the command that then frees the folder, and the same again."""

import random
import re
import shlex
from pathlib import Path

import pytest

from tests.faults.conftest import Experiment, Run

pytestmark = pytest.mark.slow

N_KILLS = 20
SEED = 8


def run_until(run: Run, n_jobs: int, seconds: float) -> bool:
    """Let a run finish `n_jobs` and go on for some seconds; say whether it is still there."""
    return run.await_lines("Finished jobid", n_jobs) and run.outlives(seconds)


def unlock(experiment: Experiment) -> None:
    """Delete Snakemake's locks, if the killed run came so far as to make them."""
    if any((experiment.folder / ".snakemake" / "locks").glob("*.lock")):
        experiment.finish("--unlock")


def jobs_done(experiment: Experiment) -> int:
    return sum(1 for _ in (experiment.folder / "out" / "benchmarks").rglob("*.tsv"))


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*.tmp") if ".snakemake" not in path.parts]


def test_a_run_killed_at_random_moments_ends_with_the_same_tables(undisturbed, experiment, report):
    """SIGKILL of the whole process tree at a random moment, --unlock, the same command again"""
    rng = random.Random(SEED)
    done, whole_runs = [], 0
    while len(done) < N_KILLS:
        n_jobs = rng.choice([0, 0, 1, 1, 2])
        run = experiment.start()
        if run_until(run, n_jobs, rng.uniform(0.2, 1.5 if n_jobs else 6.0)):
            run.kill()
            unlock(experiment)
            done.append(jobs_done(experiment))
        else:
            run.must_end_well()
            assert experiment.tables() == undisturbed.tables()
            experiment.forget()
            whole_runs += 1
    experiment.finish()
    assert experiment.tables() == undisturbed.tables()
    assert "Nothing to be done" in experiment.finish()
    assert leftovers(experiment.folder) == []
    report.write(
        tried=N_KILLS,
        outcome="every run went on, and the last ended with the tables of an undisturbed one",
        details=f"{min(done)} to {max(done)} of {jobs_done(undisturbed)} jobs were done; "
        f"{whole_runs + 1} whole runs",
    )


def test_after_a_kill_the_next_run_ends_in_the_command_that_frees_the_folder(
    undisturbed, experiment, report
):
    """SIGKILL of the whole process tree, the same command, then the one that it tells"""
    run = experiment.start()
    assert run.await_lines("Finished jobid", 1)
    run.kill()
    output = experiment.fail()
    told = re.search(r"\nA killed run .* No run is alive .*\n    (.+)\nand run .*\n\Z", output)
    assert told, output
    unlocking = Run(shlex.split(told[1]), experiment.folder)
    assert "Unlocked working directory" in unlocking.must_end_well()
    experiment.finish()
    assert experiment.tables() == undisturbed.tables()
    report.write(
        tried=1, outcome="one message: no run is alive, and the command; then the same tables"
    )
