"""Prints a session under way: quiet progress on a terminal, plain lines without one."""

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import TextIO

from conformance.session import Session


class Console:
    """Writes to one stream; on a terminal the last line shows how far the session is."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live = out.isatty()
        self._deaf = False

    def begin(self, session: Session) -> None:
        """Say whom it is about, by which document, and how much will be sent."""
        target, contract = session.target, session.contract
        who = "the embedded reference server" if target.embedded else target.base_url
        self._line(f"judging {who} by {contract.source} ({contract.sha256[:12]})")
        self._line(
            f"sending at most {target.limits.max_requests} requests, and stops that clean up; "
            "stopping only runs that the suite starts itself"
        )
        for remark in target.remarks:
            self._line(remark)
        if target.missing:
            self._line(f"without {', '.join(target.missing)}: what needs them stays untested")
        if unsearched := ", ".join(target.unsearched):
            why = "too short or too ordinary to be searched for in answers"
            self._line(f"{unsearched}: {why}, and masked only where it is sent")

    def again(self, session: Session, recording: str, started: str) -> None:
        """Say what is judged again, and by which document."""
        contract = session.contract
        self._line(f"judging {recording} of {session.target.base_url}, recorded {started}")
        self._line(f"by {contract.source} ({contract.sha256[:12]}); nothing is sent")

    def progress(self, done: int, total: int) -> None:
        """Show how many requirements are decided."""
        if self._live:
            self._write(f"\r\x1b[2K{done} of {total} requirements decided")

    def end(self, lines: Iterable[str]) -> None:
        """Print the verdict."""
        if self._live:
            self._write("\r\x1b[2K")
        for line in lines:
            self._line(line)

    def _line(self, text: str) -> None:
        self._write(text + "\n")

    def _write(self, text: str) -> None:
        """Write as long as somebody reads: what `head` cuts off is no matter of the verdict."""
        if self._deaf:
            return
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:
            self._deaf = True
            _silence(self._out)


def _silence(out: TextIO) -> None:
    """Let what is still to be flushed go nowhere, or Python would end with an exit code of its own."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
