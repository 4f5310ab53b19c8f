import logging

import pytest

from resound.jobs.overview import Overview, TargetNotice, in_lines

STATS = {"train_classifier": 32, "results/tables": 1, "build_index": 1, "total": 34}
TABLE = "Job stats:\njob  count\n---  ---\nbuild_index  1\ntotal  34\n"


def told(message, *, dry=False, **extra):
    """Return what passes of a message, or None."""
    record = logging.makeLogRecord({"msg": message, **extra})
    passes = Overview(lambda: dry, lambda: "About 11 h.").filter(record)
    return record.getMessage() if passes else None


def test_a_dry_run_keeps_the_table_and_gains_the_time():
    shown = told(TABLE, dry=True, event="run_info", stats=STATS)
    assert shown == TABLE + "About 11 h."


def test_a_run_tells_of_its_jobs_in_a_sentence():
    shown = told(TABLE, event="run_info", stats=STATS)
    jobs = "34 jobs: 32 train_classifier, 1 build_index, 1 results/tables"
    assert shown == f"Job stats: {jobs}\nAbout 11 h."


def test_many_rules_stand_in_few_lines_and_none_is_left_out():
    stats = {f"rule_of_some_length_{i}": i for i in range(1, 30)} | {"total": 435}
    lines = in_lines(stats).splitlines()
    assert len(lines) <= 8
    assert max(map(len, lines)) <= 120
    assert all(
        f"{n} {rule}" in " ".join(map(str.strip, lines))
        for rule, n in stats.items()
        if rule != "total"
    )


@pytest.mark.parametrize("message", ["Select jobs to execute...", "Execute 12 jobs...\n"])
def test_selecting_jobs_is_not_told(message):
    assert told(message) is None


@pytest.mark.parametrize("message", ["Building DAG of jobs...", "100 %d %", "Execute 1 job"])
def test_all_else_passes_as_it_is(message):
    assert told(message, event="progress") == message


def of_target(message: str) -> str:
    record = logging.makeLogRecord({"msg": message})
    notice = TargetNotice("out/mine")
    # Snakemake hands one record to several loggers.
    assert notice.filter(record)
    assert notice.filter(record)
    return record.getMessage()


def test_of_a_target_that_is_none_it_is_told_what_there_is():
    message = "MissingRuleException:\nNo rule to produce mine/tables (if you use 100 % ...).\n"
    assert of_target(message) == (
        f"{message}results_dir is out/mine: ask for out/mine/tables, out/mine/figures, "
        "out/mine/report, written so, or for a file below out/mine"
    )
    assert of_target("Building DAG of jobs...") == "Building DAG of jobs..."
