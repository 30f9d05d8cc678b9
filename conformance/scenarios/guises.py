"""The guises of a request: headers that say nothing of what it asks for, and ways to write its bytes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import urlsplit

from conformance.exchange import Headers, Request
from conformance.probe.reply import RawRequest

Writing = Callable[[Request], RawRequest]


@dataclass(frozen=True, slots=True)
class Guise:
    """What is changed of the headers of a request: some are others, one is left out, or their letters are small."""

    headers: Headers = ()
    without: str = ""
    small: bool = False

    def put_on(self, request: Request, own: frozenset[str]) -> Request:
        """The request in this guise; ``own`` are header names (in lower case) that it must keep as they are."""
        others = tuple((name, value) for name, value in self.headers if name.lower() not in own)
        gone = {name.lower() for name, _ in others} | ({self.without} - own)
        kept = (header for header in request.headers if header[0].lower() not in gone)
        headers = (*kept, *others)
        small = tuple((name.lower(), value) for name, value in headers)
        return replace(request, headers=small if self.small else headers)


OTHERS, ORIGIN, HOST = "with other headers", "from another origin", "for another host name"
HTML, BARE, SMALL = "asking for HTML", "without a User-Agent", "with header names in small letters"
GUISES: Mapping[str, Guise] = MappingProxyType(
    {
        OTHERS: Guise(
            (
                ("Accept", "application/json"),
                ("Accept-Language", "de-DE, de;q=0.9, en;q=0.5"),
                ("Cache-Control", "no-cache"),
                ("X-Request-Id", "conformance-1"),
                ("Cookie", "conformance=1"),
                ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
                ("X-Forwarded-For", "203.0.113.7"),
                ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            )
        ),
        ORIGIN: Guise((("Origin", "https://conformance.example"),)),
        HOST: Guise((("Host", "localhost"),)),
        HTML: Guise((("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),)),
        BARE: Guise(without="user-agent"),
        SMALL: Guise(small=True),
    }
)
OF_GATEWAYS = frozenset({OTHERS, ORIGIN, HOST, HTML, BARE})  # what stands in front may refuse these


def in_chunks(request: Request) -> RawRequest:
    """The request with its body in two chunks (RFC 9112 §7.1)."""
    body = request.body
    halves = body[: len(body) // 2], body[len(body) // 2 :]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(half), half) for half in halves)
    return RawRequest((_head(request, "Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n",))


def in_pieces(request: Request) -> RawRequest:
    """The request in three pieces: its head, and the halves of its body."""
    middle = len(request.body) // 2
    return RawRequest((_head(request, _length(request)), request.body[:middle], request.body[middle:]))


def asking_first(request: Request) -> RawRequest:
    """The request of a client that asks whether to send the body, and does not wait for long (RFC 9110 §10.1.1)."""
    return RawRequest((_head(request, _length(request), "Expect: 100-continue"), request.body))


def of_old(request: Request) -> RawRequest:
    """The request in HTTP/1.0."""
    return RawRequest((_head(request, _length(request), version="1.0") + request.body,))


CHUNKED, PIECES = "in chunks", "in pieces"
ASKING, OLD = "of a client that asks first", "in HTTP/1.0"
BY_HAND: Mapping[str, Writing] = MappingProxyType(
    {CHUNKED: in_chunks, PIECES: in_pieces, ASKING: asking_first, OLD: of_old}
)


def _length(request: Request) -> str:
    return f"Content-Length: {len(request.body)}"


def _head(request: Request, *lines: str, version: str = "1.1") -> bytes:
    """The request line and header section; an answer that is read byte by byte must not come compressed."""
    parts = urlsplit(request.url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    named = {name.lower() for name, _ in request.headers}
    host = () if "host" in named else (f"Host: {parts.netloc}",)
    headers = [f"{name}: {value}" for name, value in request.headers if name.lower() != "accept-encoding"]
    first = f"{request.method} {target} HTTP/{version}"
    return "\r\n".join([first, *host, *headers, "Connection: close", *lines, "", ""]).encode("latin-1")
