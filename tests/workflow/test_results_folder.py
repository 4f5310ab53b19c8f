"""The folder of results: how it may be spelled, and stamps of the future in it."""

import os
import shutil
import time

import pytest

pytestmark = pytest.mark.xdist_group("workflow")

YEAR_NS = 365 * 24 * 3600 * 10**9


@pytest.mark.trouble("another spelling of results_dir in a run", "nothing runs again")
@pytest.mark.parametrize("spelled", ["./out", "out/", "{folder}/out", "data/../out//"])
def test_another_spelling_of_the_folder_re_runs_nothing(restored, spelled):
    place = spelled.format(folder=restored.folder)
    assert restored.stale("--config", f"results_dir={place}") == {}


@pytest.mark.trouble(
    "`./out/tables` or a misspelled target", "an error that says what there is to ask for"
)
@pytest.mark.parametrize("target", ["./out/tables", "{folder}/out/tables", "out/table"])
def test_of_a_target_that_is_none_it_is_told_what_there_is(restored, target):
    named = target.format(folder=restored.folder)
    output = restored.snakemake(named, "--dry-run", "--configfile", "tiny.yaml", check=False)
    restored.match("results_dir is out: ask for out/tables, out/figures, out/report", output)
    assert "Traceback" not in output


@pytest.mark.trouble("config.yaml in Latin-1", "one error with line and letter")
def test_a_config_in_latin_1_is_told(restored):
    shipped = (restored.folder / "config.yaml").read_bytes()
    (restored.folder / "config.yaml").write_bytes(b"# f\xfcr uns\n" + shipped)
    output = restored.run("--dry-run", check=False)
    restored.match("config.yaml: is no UTF-8 but seems to be Latin-1: line 1 has 'ü'", output)


@pytest.mark.trouble(
    "clips and results that are dated in the future",
    "the run ends with the same table, and again nothing is to be done",
)
def test_results_that_are_dated_in_the_future_stop_no_run(copied):
    """An output that is older than its input is deleted, however often it is made."""
    target = "out/tables/validation.csv"
    made = (copied.folder / target).read_bytes()
    shutil.rmtree(copied.folder / "out/validation")
    shutil.rmtree(copied.folder / "out/tables")
    clip = min((copied.folder / "data/audio").iterdir())
    for path in [clip, *(copied.folder / "out").rglob("*")]:
        when = path.stat().st_mtime_ns + YEAR_NS
        os.utime(path, ns=(when, when))
    plan = copied.snakemake(target, "--dry-run", "--configfile", "tiny.yaml")
    assert copied.jobs(plan) == {"validate_features": 1, "make_validation_table": 1}
    output = copied.snakemake(target, "--configfile", "tiny.yaml")
    copied.match(r"\d+ files of results_dir were dated in the future, and are now\.", output)
    assert (copied.folder / target).read_bytes() == made
    assert clip.stat().st_mtime_ns > time.time_ns()
    again = copied.snakemake(target, "--dry-run", "--configfile", "tiny.yaml")
    assert copied.jobs(again) == {}
