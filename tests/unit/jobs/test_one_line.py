"""One line in place of what Snakemake tells of every job."""

import io
import logging

import pytest

from resound.jobs import one_line


class Terminal(io.StringIO):
    """A stream that says whether somebody looks at it."""

    def __init__(self, looks: bool) -> None:
        super().__init__()
        self.looks = looks

    def isatty(self) -> bool:
        return self.looks


@pytest.fixture
def told(monkeypatch, tmp_path):
    """Return what lets a logger tell of three jobs, as Snakemake does, and returns the terminal."""

    def run(looks=True, asked="line", dry=False):
        monkeypatch.setenv("RESOUND_PROGRESS", asked)
        terminal, kept = Terminal(looks), logging.FileHandler(tmp_path / "x.log", mode="w")
        logger = logging.Logger("snakemake")
        logger.addHandler(logging.StreamHandler(terminal))
        logger.addHandler(kept)
        one_line.show(logger, is_dry_run=lambda: dry, how_long=lambda: "About 20 s.")
        logger.info("Building DAG of jobs...")
        logger.info("sounds: 8 clips.", extra={one_line.TOLD: True})
        logger.info("Job stats", extra={"event": "run_info", "stats": {"total": 3}})
        for number, rule in enumerate(["build_index", "plot_tsne", "plot_tsne"]):
            logger.info("Job", extra={"event": "job_info", "jobid": number, "rule_name": rule})
        logger.warning("a warning")
        for number in range(3):
            logger.info("Finished", extra={"event": "job_finished", "job_id": number})
            logger.info("steps", extra={"event": "progress", "done": number + 1, "total": 3})
        logger.info("Complete log(s): x.log")
        kept.close()
        return terminal.getvalue(), (tmp_path / "x.log").read_text()

    return run


def test_a_terminal_has_one_line_that_moves_and_the_file_everything(told):
    terminal, file = told()
    assert terminal.count("\n") == 5, terminal
    for line in ("sounds: 8 clips.\n", "3 jobs. About 20 s.\n", "a warning\n", "Complete log(s)"):
        assert line in terminal
    assert "0 of 3 jobs" in terminal
    assert "build_index, 2 plot_tsne" in terminal
    assert "3 of 3 jobs" in terminal
    assert max(map(len, terminal.replace("\r", "\n").split("\n"))) <= 100
    assert file.count("\n") == 14


def test_without_a_terminal_a_line_stands_for_each_tenth(told):
    terminal, _ = told(looks=False)
    lines = terminal.splitlines()
    assert lines[:3] == ["sounds: 8 clips.", "3 jobs. About 20 s.", "a warning"]
    assert [line.partition(",")[0] for line in lines[3:6]] == [f"{n} of 3 jobs" for n in (1, 2, 3)]
    assert "\r" not in terminal


@pytest.mark.parametrize("options", [{"asked": ""}, {"dry": True}])
def test_who_has_not_asked_and_who_asks_for_a_plan_sees_all(told, options):
    terminal, file = told(**options)
    assert terminal == file
