"""What a probe is given and gives back."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from conformance.exchange import Event, Fault, Headers, Request, Response
from conformance.masking import Secrets

Clock = Callable[[], float]


def stopwatch() -> Clock:
    """A clock in milliseconds that begins now."""
    began = time.monotonic()
    return lambda: (time.monotonic() - began) * 1000


class Keyless:
    """Makes records of what came, keys replaced by their names: all that a target says gets into a record here."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._mask = secrets.mask

    def response(self, status: int, reason: str, headers: Headers, body: bytes, complete: bool) -> Response:
        """An answer."""
        return Response(
            status, self._mask(reason), self._headers(headers), self._secrets.mask_bytes(body), complete
        )

    def _headers(self, headers: Headers) -> Headers:
        told = "\n".join(map("\n".join, headers))
        if self._mask(told) == told:  # as nearly always: quicker than to search each
            return headers
        return tuple((self._mask(name), self._mask(value)) for name, value in headers)

    def event(self, at: float, kind: str | None, data: str | None, malformed: bool) -> Event:
        """A frame of a stream."""
        return Event.of(at, kind and self._mask(kind), data and self._mask(data), malformed)

    def fault(self, fault: Fault) -> Fault:
        """A transport error; the words of libraries have in them what they could not read."""
        return replace(fault, text=self._mask(fault.text))


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
