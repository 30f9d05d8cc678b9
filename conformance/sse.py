"""Incremental parser for Server-Sent Events that keeps what readers hide.

An ``EventSource`` drops pings without data, comments, ignored lines and the unfinished end of a stream;
they are what a conformance check looks at. The grammar is that of the WHATWG HTML standard, section 9.2
"Server-sent events" (https://html.spec.whatwg.org/multipage/server-sent-events.html).
"""

from dataclasses import dataclass

DEFAULT_LIMIT = 1 << 20
"""Bytes that one frame may have unless the caller says otherwise."""

_BOM = b"\xef\xbb\xbf"
_LINE_ENDS = (b"\n", b"\r", b"\r\n")
_RETRY_DIGITS = 18  # 10**18 ms are thirty million years, and int() refuses more than 4300 digits
_TAIL_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Frame:
    """One block of lines, ended by a blank line, with at least one line in it.

    A field that occurs twice has its last value; ``data`` has all of them, joined by LF. ``ignored`` has the
    lines that the standard tells a reader to skip: unknown fields, an ``id`` with NUL in it, a ``retry`` that
    is no number (or has more than 18 digits, which the standard would allow).
    """

    event: str | None = None
    data: str | None = None
    id: str | None = None
    retry: int | None = None
    """Milliseconds."""
    comments: tuple[str, ...] = ()
    """Without the colon, otherwise as sent."""
    ignored: tuple[str, ...] = ()
    malformed: bool = False
    """Whether some byte was not UTF-8 and was decoded as U+FFFD."""

    @property
    def dispatches(self) -> bool:
        """Whether a browser would dispatch an event: any ``data`` line does, even an empty one."""
        return self.data is not None


@dataclass(frozen=True, slots=True)
class Tail:
    """What was left unfinished when the stream ended; falsy if it ended between two frames."""

    pending: str
    """The start of the unfinished frame, at most 4096 bytes of it, undecodable bytes as U+FFFD."""
    size: int
    """All of its bytes, or one more than the limit after `FrameTooLarge`."""

    def __bool__(self) -> bool:
        return self.size > 0


class FrameTooLarge(ValueError):
    """A frame has more bytes than the limit; ``frames`` are those that the same chunk completed before it."""

    def __init__(self, limit: int, frames: tuple[Frame, ...] = ()) -> None:
        super().__init__(f"a frame of the event stream is larger than {limit} bytes")
        self.frames = frames


class SseParser:
    """Turns the bytes of one event stream, in chunks of any size, into frames.

    Each byte is handled a constant number of times, whatever the chunks are.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        """Accept frames of up to ``limit`` bytes, line ends included and the closing blank line excluded."""
        self._limit = limit
        self._opening: bytes | None = b""  # the first bytes, while they may yet become a byte order mark
        self._block = bytearray()  # the lines of the unfinished frame, as sent
        self._at_line_start = True
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take the next bytes and return the frames that they complete.

        Raises `FrameTooLarge` once a frame exceeds the limit, and again whenever it is called after that.
        """
        frames: list[Frame] = []
        chunk = self._without_lf_of_crlf(self._without_bom(chunk))
        self._require_room(frames)
        for piece in chunk.splitlines(keepends=True):  # of bytes: at LF, CR and CRLF only
            if self._at_line_start and piece in _LINE_ENDS:
                if self._block:
                    frames.append(_interpret(self._block))
                    self._block.clear()
            else:
                self._block += piece
                self._at_line_start = piece.endswith((b"\n", b"\r"))
                self._require_room(frames)
            self._after_cr = piece.endswith(b"\r")
        return frames

    def close(self) -> Tail:
        """Say what the stream left unfinished; a browser would discard it."""
        pending = self._opening or self._block
        return Tail(pending[:_TAIL_BYTES].decode(errors="replace"), len(pending))

    def _without_bom(self, chunk: bytes) -> bytes:
        if self._opening is None:
            return chunk
        chunk = self._opening + chunk
        if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
            self._opening = chunk
            return b""
        self._opening = None
        return chunk.removeprefix(_BOM)

    def _without_lf_of_crlf(self, chunk: bytes) -> bytes:
        # A CR ends its line at once, so that no frame waits for the next chunk; a late LF is dealt with here.
        if not (self._after_cr and chunk.startswith(b"\n")):
            return chunk
        self._after_cr = False
        if self._block:  # else the CR was a blank line, which is no part of a frame
            self._block += b"\n"
        return chunk[1:]

    def _require_room(self, frames: list[Frame]) -> None:
        if len(self._block) > self._limit:
            del self._block[self._limit + 1 :]
            raise FrameTooLarge(self._limit, tuple(frames))


def _interpret(block: bytearray) -> Frame:
    text, malformed = _decode(block)
    event = id_ = retry = None
    data: list[str] = []
    comments: list[str] = []
    ignored: list[str] = []
    # str.splitlines() would also split at U+2028, U+0085, VT and FF, which are text here.
    for line in text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n"):
        name, _, rest = line.partition(":")
        value = rest.removeprefix(" ")
        match name:
            case "":
                comments.append(rest)
            case "data":
                data.append(value)
            case "event":
                event = value
            case "id" if "\0" not in value:
                id_ = value
            case "retry" if value.isascii() and value.isdigit() and len(value) <= _RETRY_DIGITS:
                retry = int(value)
            case _:
                ignored.append(line)
    joined = "\n".join(data) if data else None
    return Frame(event, joined, id_, retry, tuple(comments), tuple(ignored), malformed)


def _decode(block: bytearray) -> tuple[str, bool]:
    try:
        return block.decode(), False
    except UnicodeDecodeError:
        return block.decode(errors="replace"), True
