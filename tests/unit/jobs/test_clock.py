"""Files that are dated in the future."""

import os
import time

import pytest

from resound.errors import RunError
from resound.jobs.clock import bring_to_now

YEAR_NS = 365 * 24 * 3600 * 10**9


@pytest.fixture
def files(tmp_path):
    """Return files of a folder, the first three in the future, in the order of their stamps."""
    now = time.time_ns()
    (tmp_path / "part").mkdir()
    dates = {"part/a": now + YEAR_NS, "b": now + YEAR_NS + 1000, "part/c": now + 9 * YEAR_NS}
    for name, when in {**dates, "old": now - YEAR_NS}.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, ns=(when, when))
    return [tmp_path / name for name in dates]


def stamps(files) -> list[int]:
    return [path.stat().st_mtime_ns for path in files]


def test_files_of_the_future_are_of_now_and_in_their_order(tmp_path, files):
    old = (tmp_path / "old").stat().st_mtime_ns
    before = time.time_ns()
    assert bring_to_now(tmp_path) == 3
    found = stamps(files)
    assert found == sorted(set(found))
    assert before - 10**9 < found[0]
    assert found[-1] < time.time_ns()
    assert (tmp_path / "old").stat().st_mtime_ns == old
    assert bring_to_now(tmp_path) == 0


def test_folders_are_dated_too(tmp_path):
    (tmp_path / "part").mkdir()
    os.utime(tmp_path / "part", ns=(0, time.time_ns() + YEAR_NS))
    assert bring_to_now(tmp_path) == 1
    assert (tmp_path / "part").stat().st_mtime_ns < time.time_ns()


def test_a_data_set_and_what_links_lead_to_are_left_alone(tmp_path, files):
    (tmp_path / "results").mkdir()
    (tmp_path / "results/link").symlink_to(tmp_path / "b")
    (tmp_path / "part").rename(tmp_path / "results/data")
    kept = [tmp_path / "b", tmp_path / "results/data/a", tmp_path / "results/data/c"]
    before = stamps(kept)
    assert bring_to_now(tmp_path / "results", apart=tmp_path / "results/data") == 0
    assert stamps(kept) == before


def test_a_stamp_that_cannot_be_changed_is_an_error(tmp_path, files, monkeypatch):
    def refuse(path, **_):
        raise PermissionError(1, "Operation not permitted", path)

    # Root may change every stamp, and the tests may be root's.
    monkeypatch.setattr(os, "utime", refuse)
    with pytest.raises(RunError, match=r"a: its time stamp lies .* not permitted.*touch"):
        bring_to_now(tmp_path)
