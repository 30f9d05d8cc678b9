"""Prints a session under way: one line that changes on a terminal, plain lines now and then without one."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TextIO

from conformance.session import Session

EVERY = 10.0  # seconds between two lines, so that nobody takes a session under way for one that hangs
LIVE = 1.0  # where the line only changes


class Console:
    """Writes to one stream; on a terminal the last line shows how far the session is."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live = out.isatty() and os.environ.get("TERM") != "dumb"
        self._deaf = False
        self._over = threading.Event()
        self._pulse: threading.Thread | None = None

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

    def watch(self, look: Callable[[], str]) -> None:
        """Tell how far the session is, as ``look`` says it, until the end."""
        self._pulse = threading.Thread(target=self._tell, args=(look,), name="progress", daemon=True)
        self._pulse.start()

    def end(self, lines: Iterable[str]) -> None:
        """Print the verdict."""
        self.rest()
        for line in lines:
            self._line(line)

    def rest(self) -> None:
        """Tell no more of how far the session is."""
        self._over.set()
        if self._pulse:
            self._pulse.join()
            self._pulse = None
            if self._live:
                self._write("\r\x1b[2K")

    def _tell(self, look: Callable[[], str]) -> None:
        began = time.monotonic()
        while not self._over.wait(LIVE if self._live else EVERY):
            told = f"{time.monotonic() - began:.0f} s: {look()}"
            if self._live:  # a line that is wider than the terminal could not be taken back
                self._write(f"\r\x1b[2K{told[: shutil.get_terminal_size().columns - 1]}")
            else:
                self._line(told)

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
