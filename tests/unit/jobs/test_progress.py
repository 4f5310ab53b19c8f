import io
import sys

import pytest

from resound.jobs.progress import bar, track


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_nothing_is_shown_where_no_terminal_is(monkeypatch, stream):
    monkeypatch.setattr(sys, "__stderr__", stream)
    assert list(track(range(3), "count")) == [0, 1, 2]
    with bar(10, "fetch", "B") as advance:
        advance(10)
    assert stream is None or stream.getvalue() == ""


def test_a_terminal_shows_bars_though_stderr_goes_to_a_log(monkeypatch, capsys):
    terminal = Terminal()
    monkeypatch.setattr(sys, "__stderr__", terminal)
    assert list(track(iter("ab"), "count", total=2)) == ["a", "b"]
    with bar(2_000_000, "fetch", "B") as advance:
        advance(1_000_000)
    assert "count:" in terminal.getvalue()
    assert "fetch:" in terminal.getvalue()
    assert "2.00M" in terminal.getvalue()
    assert capsys.readouterr().err == ""
