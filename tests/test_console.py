"""What a session prints while it is under way."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.commands.run import run_suites
from conformance.reference import Reference
from conformance.report import console
from conformance.report.console import Console


class Terminal(io.StringIO):
    """Takes what is written to a terminal."""

    def isatty(self) -> bool:
        return True


def watched(out: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is printed by a session that takes a moment, about which there is a lot to say."""
    monkeypatch.setattr(console, "EVERY", 0.05)
    monkeypatch.setattr(console, "LIVE", 0.05)
    printing = Console(out)
    printing.watch(lambda: "so far " + "x" * 200)
    deadline = time.monotonic() + 10
    while out.getvalue().count("so far") < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    printing.end(["over"])
    told = out.getvalue()
    time.sleep(0.2)
    assert out.getvalue() == told
    return told


def test_without_a_terminal_there_is_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    *lines, last = watched(io.StringIO(), monkeypatch).splitlines()
    assert len(lines) >= 2
    assert {line.partition("x")[0] for line in lines} == {"0 s: so far "}
    assert last == "over"


def test_on_a_terminal_one_line_changes_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    told = watched(Terminal(), monkeypatch)
    *shown, last = told.split("\r\x1b[2K")
    assert max(map(len, shown)) == 39
    assert last == "over\n"


def test_a_terminal_that_can_take_nothing_back_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in watched(Terminal(), monkeypatch)


def test_a_slow_session_says_how_far_it_is(
    serving: Callable[[Reference], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(console, "EVERY", 0.3)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # so that it is taken back after the test
    server = serving(Reference())
    for name, key in server.keys.items():
        monkeypatch.setenv(name, key)
    words = ("--base-url", server.base_url, "--only", "stop.user.missing", "--reports", str(tmp_path))
    assert run_suites(words) == 0
    assert " requests sent, 0 of 1 requirement decided\n" in capsys.readouterr().out
