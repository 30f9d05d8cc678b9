"""Stops written byte by byte: whole ones in unusual pieces, and broken ones that HTTP says to refuse."""

from itertools import pairwise
from typing import NamedTuple
from urllib.parse import urlsplit

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.probe.reply import RawRequest
from conformance.properties.shapes import MARK, object_of, own_headers
from conformance.scenarios.stage import Stage

PATIENCE = 3.0  # seconds for an answer to a broken request; silence is a way to refuse it, too


class Wire(NamedTuple):
    """A request of a kind, and what is odd about it."""

    kind: str
    request: RawRequest
    what: str = ""


class Lines:
    """Writes the plain stop of a task by hand, with lines of one's own."""

    def __init__(self, stage: Stage, task: str) -> None:
        asked = stage.stop_request(MARK)
        parts = urlsplit(asked.url.replace(MARK, task))
        self.first = f"{asked.method} {parts.path} HTTP/1.1"
        self.host = f"Host: {parts.netloc}"
        kept = [header for header in own_headers(stage) if header[0].lower() != "accept-encoding"]
        self.others = [f"{name}: {value}" for name, value in kept]
        self.body = object_of()

    def head(self, *lines: str, first: str = "", host: str | None = None, end: str = "\r\n") -> bytes:
        """The request line and header section, up to the body."""
        all_lines = [
            first or self.first,
            self.host if host is None else host,
            *self.others,
            "Connection: close",
            *lines,
        ]
        return (end.join(line for line in all_lines if line) + end * 2).encode("latin-1")

    @property
    def length(self) -> str:
        """The right Content-Length."""
        return f"Content-Length: {len(self.body)}"


def seconds(stage: Stage, kind: str) -> float:
    """How long to wait for an answer to a request of that kind."""
    return min(PATIENCE, stage.deadlines.answer) if kind in {"broken", "unclear"} else stage.deadlines.answer


def in_pieces(lines: Lines) -> SearchStrategy[Wire]:
    """The plain stop in pieces, as TCP may deliver it."""
    request = lines.head(lines.length) + lines.body

    def pieces(cuts: set[int]) -> Wire:
        at = [0, *sorted(cuts), len(request)]
        return Wire("pieces", RawRequest(tuple(request[a:b] for a, b in pairwise(at))))

    anywhere = st.integers(1, len(request) - 1)
    in_body = st.integers(len(request) - len(lines.body), len(request) - 1)  # where servers stumble most
    return st.sets(anywhere | in_body, min_size=1, max_size=3).map(pieces)


def in_chunks(lines: Lines) -> SearchStrategy[Wire]:
    """The plain stop in chunks of any size, with extensions and without."""

    def chunks(cuts: set[int], extension: str, padded: bool) -> Wire:
        at = [0, *sorted(cuts), len(lines.body)]
        sizes = "%08x" if padded else "%x"
        parts = [lines.body[a:b] for a, b in pairwise(at)]
        coded = b"".join((sizes % len(part) + extension + "\r\n").encode() + part + b"\r\n" for part in parts)
        whole = lines.head("Transfer-Encoding: chunked") + coded + b"0\r\n\r\n"
        return Wire("chunked", RawRequest((whole,)))

    inner = st.sets(st.integers(1, len(lines.body) - 1), max_size=4)
    return st.builds(chunks, inner, st.sampled_from(["", ";a=b", ";x"]), st.booleans())


def slowly(lines: Lines) -> list[Wire]:
    """The plain stop of a client that takes most of a second to send it."""
    each = [lines.body[at : at + 2] for at in range(0, len(lines.body), 2)]
    return [Wire("pieces", RawRequest((lines.head(lines.length), *each)))]


def asking_first(lines: Lines) -> list[Wire]:
    """The plain stop of a client that asks whether to send its body, and does not wait for long (RFC 9110 §10.1.1)."""
    head = lines.head(lines.length, "Expect: 100-continue")
    return [Wire("asking first", RawRequest((head, lines.body)))]


def old_client(lines: Lines) -> list[Wire]:
    """The plain stop of a client that speaks HTTP/1.0, as many a proxy does."""
    head = lines.head(lines.length, first=lines.first.replace("1.1", "1.0"))
    return [Wire("old client", RawRequest((head + lines.body,)))]


def listed_broken(lines: Lines) -> list[Wire]:
    """Requests whose framing RFC 9112 says to refuse (§3, §5.1, §6.3, §7.1); those last that a server may wait for."""
    size = len(lines.body)
    _, target, _ = lines.first.split(" ")
    lengths = (f"+{size}", f"-{size}", f"0x{size:x}", f"{size} {size}", f"{size}.0", "", "a", f"{size}e0")
    fields = (
        "X-Conformance : 1",
        "X Conformance: 1",
        "X-Conf\x00ormance: 1",
        "Transfer-Encoding : chunked",
    )
    firsts = (
        f"POST {target} HTTP/x",
        f"POST {target} x HTTP/1.1",
        f"POST\x00 {target} HTTP/1.1",
        f"POST {target}HTTP/1.1",
    )
    sizes = ("-1", "g", f"{size:x} {size:x}", f"+{size:x}", f"0x{size:x}", "", "f" * 20)
    codings = ("conformance", "chunked, conformance", "xchunked")
    requests = {
        **{
            f"Content-Length “{value}”": _of_length(lines, value)
            for value in (*lengths, f"{size},{size + 1}")
        },
        **{f"the line {line!r}": lines.head(lines.length, line) + lines.body for line in fields},
        **{f"the line {first!r}": lines.head(lines.length, first=first) + lines.body for first in firsts},
        **{f"a chunk of “{text}” bytes": _chunked(lines, text) for text in sizes},
        **{f"the coding “{one}”": lines.head(f"Transfer-Encoding: {one}") + _coded(lines) for one in codings},
        "a Content-Length too small beside the right one": _two_lengths(lines, size - 1),
        "a Content-Length too large beside the right one": _two_lengths(lines, size + 1),
        "a Content-Length of 40 digits": _of_length(lines, "9" * 40),
        "chunks without a last one": lines.head("Transfer-Encoding: chunked") + b"%x\r\n" % size + lines.body,
    }
    return [_broken(what, request) for what, request in requests.items()]


def broken(lines: Lines) -> SearchStrategy[Wire]:
    """Requests with two lengths, or with less than they announce."""
    shorter = st.integers(1, len(lines.body) - 1)
    two = shorter.map(
        lambda other: _broken(f"Content-Length {other}, and the right one", _two_lengths(lines, other))
    )
    cut = shorter.map(
        lambda at: _broken(f"only {at} bytes of the body", lines.head(lines.length) + lines.body[:at])
    )
    return two | cut


def unclear(lines: Lines) -> SearchStrategy[Wire]:
    """Requests that servers take or refuse as they like, but must come to an end with."""
    both = lines.head(lines.length, "Transfer-Encoding: chunked") + _coded(lines)
    folded = lines.head(lines.length, "X-Conformance: a\r\n b") + lines.body
    nul = lines.head(lines.length, "X-Conformance: a\x00b") + lines.body  # §5.5 lets a blank stand in for it
    no_colon = lines.head(lines.length, "X-Conformance") + lines.body  # nginx leaves such a line out
    bare = lines.head(lines.length, end="\n") + lines.body
    no_host = lines.head(lines.length, host="") + lines.body
    two_hosts = lines.head(lines.length, "Host: conformance.invalid") + lines.body
    future = lines.head(lines.length, first=lines.first.replace("1.1", "9.9")) + lines.body
    long_line = lines.head(lines.length, f"X-Conformance: {'a' * 70_000}") + lines.body
    many = lines.head(lines.length, *(f"X-Conformance-{number}: 1" for number in range(300))) + lines.body
    noise = st.binary(min_size=1, max_size=60)
    texts = st.sampled_from(
        [
            both,
            folded,
            nul,
            no_colon,
            bare,
            no_host,
            two_hosts,
            future,
            long_line,
            many,
            b"\r\n\r\n",
            b"\x16\x03\x01\x00\x05hello",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ]
    )
    return (texts | noise).map(lambda data: Wire("unclear", RawRequest((data,), leave=True)))


def _broken(what: str, data: bytes) -> Wire:
    return Wire("broken", RawRequest((data,), leave=True), what)


def _of_length(lines: Lines, value: str) -> bytes:
    return lines.head(f"Content-Length: {value}") + lines.body


def _two_lengths(lines: Lines, other: int) -> bytes:
    return lines.head(lines.length, f"Content-Length: {other}") + lines.body


def _coded(lines: Lines) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(lines.body), lines.body)


def _chunked(lines: Lines, size: str) -> bytes:
    return lines.head("Transfer-Encoding: chunked") + size.encode() + b"\r\n" + lines.body + b"\r\n0\r\n\r\n"
