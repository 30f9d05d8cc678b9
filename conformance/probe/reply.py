"""What a probe is given and gives back."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from conformance.exchange import Fault, Request, Response

Clock = Callable[[], float]


def stopwatch() -> Clock:
    """A clock in milliseconds that begins now."""
    began = time.monotonic()
    return lambda: (time.monotonic() - began) * 1000


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for a request, with times on the clock of the scenario."""

    sent_at: float
    ended_at: float
    response: Response | None = None
    answered_at: float | None = None
    fault: Fault | None = None
    resent: bool = False


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request in bytes, in as many pieces as it is to be sent in; keys are written as ``$NAME``.

    With ``leave``, our half of the connection is closed after the last piece.
    """

    pieces: tuple[bytes, ...]
    leave: bool = False

    @property
    def method(self) -> str:
        """The method that it begins with, ``?`` where it begins with none."""
        found = re.match(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}(?= )", b"".join(self.pieces))
        return found.group().decode("ascii") if found else "?"

    def recorded(self, base_url: str) -> Request:
        """The request as a trace has it: all of its bytes are the body."""
        data = b"".join(self.pieces)
        return Request(self.method, base_url, (), data, len(data), raw=True)
