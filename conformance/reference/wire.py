"""HTTP/1.1 framing: how long a request body is, and how an answer is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.errors import (
    CloseBoundaryNotFoundDefect,
    InvalidMultipartContentTransferEncodingDefect,
    MultipartInvariantViolationDefect,
    NoBoundaryInMultipartDefect,
    StartBoundaryNotFoundDefect,
)
from email.message import Message
from io import BufferedIOBase

from werkzeug.http import http_date
from werkzeug.wrappers import Request as WerkzeugRequest
from werkzeug.wrappers import Response

from conformance.reference.answers import BAD_FRAMING, BAD_HEADERS, INCOMPLETE, TOO_LARGE, Refused

SERVER = "conformance-reference"
_LONGEST_LINE = 4096


class Request(WerkzeugRequest):
    """A request whose body has been read; the operation it names is added when it has been routed.

    ``names`` are those of its headers, as they were written: the rest of HTTP does not know their letter case.
    """

    operation: str = ""
    task_id: str = ""
    names: tuple[str, ...] = ()
    is_too_large: bool = False


_OF_A_MULTIPART_BODY = (
    NoBoundaryInMultipartDefect,
    StartBoundaryNotFoundDefect,
    CloseBoundaryNotFoundDefect,
    MultipartInvariantViolationDefect,
    InvalidMultipartContentTransferEncodingDefect,
)


def check_headers(headers: Message, version: str) -> None:
    """Refuse what RFC 9112 says must be refused: broken field lines, and a Host that is missing or twice.

    The parser of e-mail that the standard library reads headers with also misses the parts of a multipart
    body, which it is not given.

    Raises:
        Refused: with status 400.

    """
    hosts = headers.get_all("Host", [])
    broken = any(not isinstance(defect, _OF_A_MULTIPART_BODY) for defect in headers.defects)
    if broken or len(hosts) > 1 or (not hosts and version >= "HTTP/1.1"):
        raise Refused(BAD_HEADERS)


def read_body(headers: Message, stream: BufferedIOBase, limit: int) -> bytes:
    """Read the whole body, as its Content-Length or the chunked coding frames it.

    Raises:
        Refused: the framing is unclear or broken, or the body is longer than `limit` bytes. What is left of
            it has not been read, so that the connection is of no more use.

    """
    codings = [str(coding).strip().lower() for coding in headers.get_all("Transfer-Encoding", [])]
    lengths = [str(length).strip() for length in headers.get_all("Content-Length", [])]
    if codings:
        if lengths or codings != ["chunked"]:
            raise Refused(BAD_FRAMING)
        return _read_chunked(stream, limit)
    if not lengths:
        return b""
    if len(lengths) > 1 or not re.fullmatch(r"[0-9]{1,18}", lengths[0]):
        raise Refused(BAD_FRAMING)
    if int(lengths[0]) > limit:
        raise Refused(TOO_LARGE)
    return _read(stream, int(lengths[0]))


def encode(request: Request, response: Response) -> Iterator[bytes]:
    """Yield the bytes of an answer, as many at a time as should reach the client together."""
    headers = response.get_wsgi_headers(request.environ)
    bodiless = request.method == "HEAD" or response.status_code < 200 or response.status_code in (204, 304)
    chunked = (
        not bodiless
        and "Content-Length" not in headers
        and request.environ.get("SERVER_PROTOCOL", "HTTP/1.1") >= "HTTP/1.1"
    )
    headers.setdefault("Server", SERVER)
    headers.setdefault("Date", http_date())
    if chunked:
        headers.setdefault("Transfer-Encoding", "chunked")
    lines = [f"HTTP/1.1 {response.status}", *(f"{name}: {value}" for name, value in headers), "", ""]
    head = "\r\n".join(lines).encode("latin-1", "replace")
    if bodiless:
        yield head
    elif not response.is_streamed:
        yield head + response.get_data()
    else:
        yield head
        for data in response.iter_encoded():
            yield b"%x\r\n%b\r\n" % (len(data), data) if chunked else data
        if chunked:
            yield b"0\r\n\r\n"


def _read_chunked(stream: BufferedIOBase, limit: int) -> bytes:
    body = bytearray()
    while True:
        # A chunk extension has no meaning for us and must be ignored.
        size_text = _read_line(stream).partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,15}", size_text):
            raise Refused(BAD_FRAMING)
        size = int(size_text, 16)
        if size == 0:
            break
        if len(body) + size > limit:
            raise Refused(TOO_LARGE)
        body += _read(stream, size)
        if _read_line(stream):
            raise Refused(BAD_FRAMING)
    for _ in range(100):
        if not _read_line(stream):  # the empty line that ends the trailer fields
            return bytes(body)
    raise Refused(BAD_FRAMING)


def _read_line(stream: BufferedIOBase) -> bytes:
    line = stream.readline(_LONGEST_LINE)
    if not line:
        raise Refused(INCOMPLETE)
    if not line.endswith(b"\r\n"):
        raise Refused(BAD_FRAMING)
    return line[:-2]


def _read(stream: BufferedIOBase, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise Refused(INCOMPLETE)
    return data
