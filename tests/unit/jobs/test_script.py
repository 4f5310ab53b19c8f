import logging
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from resound.errors import DataError
from resound.jobs.script import job


@pytest.fixture
def this(tmp_path):
    """Return what a script needs of its `snakemake` object."""
    return SimpleNamespace(log=[str(tmp_path / "logs" / "rule" / "job.log")])


def read_log(this) -> str:
    return Path(this.log[0]).read_text()


def test_what_a_script_says_goes_to_its_log(this, capsys):
    with job(this) as same:
        print("to stdout")
        print("to stderr", file=sys.stderr)
    assert same is this
    assert read_log(this) == "to stdout\nto stderr\n"
    assert capsys.readouterr().out == ""


def test_a_logged_warning_reaches_the_terminal_too(this, monkeypatch, capsys):
    monkeypatch.setattr(sys, "__stderr__", sys.stderr)
    with job(this):
        logging.getLogger("resound.data.fetch").warning("another digest")
    assert read_log(this) == "another digest\n"
    assert capsys.readouterr().err == "another digest\n"
    assert logging.getLogger("resound").handlers == []


def test_a_matter_for_the_user_is_told_without_a_traceback(this):
    with pytest.raises(SystemExit, match="1"), job(this):
        raise DataError("clip a.wav is empty; replace it")
    assert read_log(this) == "DataError: clip a.wav is empty; replace it\n"


def test_what_a_message_leaves_out_stands_beside_the_log(this):
    error = DataError("3 faults: a and 2 more")
    error.details = ["a", "b", "caf\udce9"]
    with pytest.raises(SystemExit, match="1"), job(this):
        raise error
    full = Path(this.log[0]).with_suffix(".details.txt")
    assert read_log(this).splitlines() == [f"DataError: {error}", f"all 3 are in {full}"]
    assert full.read_text() == "a\nb\ncaf\\udce9\n"
    with job(this):
        pass
    assert not full.exists()


def test_a_name_in_another_encoding_can_be_told(this):
    with pytest.raises(SystemExit, match="1"), job(this):
        raise DataError("caf\udce9.wav: is empty")
    assert read_log(this) == "DataError: caf\\udce9.wav: is empty\n"


def test_a_fault_of_ours_keeps_its_traceback(this):
    with pytest.raises(SystemExit, match="1"), job(this):
        {}["absent"]
    assert "Traceback" in read_log(this)
    assert "KeyError: 'absent'" in read_log(this)


@pytest.mark.parametrize("error", [DataError("no such clip"), ValueError("a fault")])
def test_a_log_that_cannot_take_the_message_is_told_itself(error):
    with (
        pytest.raises(SystemExit, match=r"/dev/full: cannot be written \(No space left"),
        job(SimpleNamespace(log=["/dev/full"])),
    ):
        raise error
