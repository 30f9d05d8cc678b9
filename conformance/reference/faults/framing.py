"""Faults in how a request is taken off the wire: header names, framing, pieces and chunks."""

import time
from collections.abc import Iterator
from email.message import Message
from io import BufferedIOBase

from werkzeug.wrappers import Response

from conformance.reference import App, Reference, Refused, Request
from conformance.reference.answers import BAD_HEADERS, INCOMPLETE, INTERNAL, NO_KEY, TIMED_OUT
from conformance.reference.faults.marking import breaks


@breaks("stop.robust.header-case")
class KnowsOneSpelling(Reference):
    """Knows the header Authorization only in its usual letter case."""

    def authenticate(self, request: Request) -> App:
        spelled = [name for name in request.names if name.lower() == "authorization"]
        if spelled and "Authorization" not in spelled:
            raise Refused(NO_KEY)
        return super().authenticate(request)


@breaks("stop.robust.framing")
class TakesTheFirstLength(Reference):
    """Goes by the first of two lengths that contradict each other."""

    def take_body(self, headers: Message, stream: BufferedIOBase) -> bytes:
        lengths = headers.get_all("Content-Length", [])
        if len(lengths) > 1:
            del headers["Content-Length"]
            headers["Content-Length"] = lengths[0]
        return super().take_body(headers, stream)


@breaks("stop.robust.framing")
class OverlooksBrokenFields(Reference):
    """Overlooks lines among the headers that are none."""

    def check_headers(self, headers: Message, version: str) -> None:
        headers.defects.clear()
        super().check_headers(headers, version)


@breaks("stop.robust.pieces")
class TakesTheFirstPiece(Reference):
    """Takes for the whole of a short body what of it comes first."""

    def take_body(self, headers: Message, stream: BufferedIOBase) -> bytes:
        length, *more = headers.get_all("Content-Length", [""])
        if more or "Transfer-Encoding" in headers or len(length) > 3 or not length.isdecimal():
            return super().take_body(headers, stream)
        body = stream.read1(int(length))
        if len(body) < int(length):
            raise Refused(INCOMPLETE)
        return body


@breaks("stop.robust.pieces")
class IsImpatient(Reference):
    """Gives a client a quarter of a second to send a body."""

    def take_body(self, headers: Message, stream: BufferedIOBase) -> bytes:
        began = time.monotonic()
        body = super().take_body(headers, stream)
        if time.monotonic() - began > 0.25:
            raise Refused(TIMED_OUT)
        return body


@breaks("stop.robust.expect")
class LosesWhatWasAskedFor(Reference):
    """Asks for a body that the client asked about, and goes on without it."""

    def take_body(self, headers: Message, stream: BufferedIOBase) -> bytes:
        body = super().take_body(headers, stream)
        return b"" if "Expect" in headers else body


@breaks("stop.robust.expect")
class KnowsNoExpectations(Reference):
    """Answers 500 to a client that asks whether to send its body."""

    def take_body(self, headers: Message, stream: BufferedIOBase) -> bytes:
        body = super().take_body(headers, stream)
        if "Expect" in headers:
            raise Refused(INTERNAL)
        return body


@breaks("stop.robust.chunked")
class ChunksBreakIt(Reference):
    """Answers 500 to a body in chunks."""

    def take_body(self, headers: Message, stream: BufferedIOBase) -> bytes:
        if "Transfer-Encoding" in headers:
            raise Refused(INTERNAL)
        return super().take_body(headers, stream)


@breaks("stop.robust.chunked")
class LosesChunks(Reference):
    """Takes a body in chunks for an empty one."""

    def take_body(self, headers: Message, stream: BufferedIOBase) -> bytes:
        body = super().take_body(headers, stream)
        return b"" if "Transfer-Encoding" in headers else body


@breaks("stop.robust.old-client")
class ChunksForOldClients(Reference):
    """Answers in chunks, also to clients of HTTP/1.0."""

    def wire(self, request: Request, response: Response) -> Iterator[bytes]:
        if request.environ["SERVER_PROTOCOL"] != "HTTP/1.0" or response.is_streamed:
            yield from super().wire(request, response)
            return
        head, _, body = b"".join(super().wire(request, response)).partition(b"\r\n\r\n")
        kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
        chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        yield b"\r\n".join([*kept, b"Transfer-Encoding: chunked", b"", chunks])


@breaks("stop.robust.old-client")
class RefusesOldClients(Reference):
    """Answers 400 to a client of HTTP/1.0."""

    def authenticate(self, request: Request) -> App:
        if request.environ["SERVER_PROTOCOL"] == "HTTP/1.0":
            raise Refused(BAD_HEADERS)
        return super().authenticate(request)
