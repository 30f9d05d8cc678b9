"""The event-stream parser against the WHATWG rules, against httpx-sse, and on named examples."""

import re
from dataclasses import dataclass

import pytest
from httpx_sse._decoders import SSEDecoder
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.sse import Frame, FrameTooLarge, SseParser, Tail


def parse(stream: bytes) -> list[Frame]:
    return SseParser().feed(stream)


def parse_in_chunks(chunks: list[bytes]) -> tuple[list[Frame], Tail]:
    parser = SseParser()
    return [frame for chunk in chunks for frame in parser.feed(chunk)], parser.close()


# --- the standard, written down once more, over the whole text and with no care for speed ---------------


@dataclass(frozen=True)
class Dispatched:
    type: str
    data: str
    last_event_id: str


def lines_of(stream: bytes) -> list[str]:
    """Complete lines, by the standard: decoded with U+FFFD, one BOM dropped, ended by CRLF, LF or CR."""
    text = stream.decode("utf-8", errors="replace").removeprefix("\ufeff")
    return re.split(r"\r\n|\n|\r", text)[:-1]


def browser(stream: bytes) -> tuple[list[Dispatched], int | None]:
    """Events and the reconnection time, by section 9.2.6 "Interpreting an event stream"."""
    dispatched: list[Dispatched] = []
    data = event_type = last_event_id = ""
    reconnection_time = None
    for line in lines_of(stream):
        if line == "":
            if data != "":
                dispatched.append(Dispatched(event_type or "message", data.removesuffix("\n"), last_event_id))
            data = event_type = ""
            continue
        if line[0] == ":":
            continue
        field, value = line.split(":", 1) if ":" in line else (line, "")
        value = value[1:] if value[:1] == " " else value
        if field == "event":
            event_type = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            last_event_id = value
        elif field == "retry" and re.fullmatch("[0-9]+", value):
            reconnection_time = int(value)
    return dispatched, reconnection_time


def as_browser(frames: list[Frame]) -> tuple[list[Dispatched], int | None]:
    dispatched: list[Dispatched] = []
    last_event_id, reconnection_time = "", None
    for frame in frames:
        last_event_id = last_event_id if frame.id is None else frame.id
        reconnection_time = reconnection_time if frame.retry is None else frame.retry
        if frame.dispatches:
            assert frame.data is not None
            dispatched.append(Dispatched(frame.event or "message", frame.data, last_event_id))
    return dispatched, reconnection_time


# --- streams: shreds that meet in the interesting ways, and arbitrary bytes -----------------------------

SHREDS = [
    *(b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n", b"\r\n\n"),
    *(b"data", b"event", b"id", b"retry", b"Data", b":", b": ", b" ", b"x", b"0", b"7", b"\0", b"+1"),
    *(b"data: a\n\n", b"event: ping\n\n", b": hello\n", b"id: 1\n", b"retry: 7\n", b"data\n\n"),
    *(
        b"\xef\xbb\xbf",
        b"\xef",
        b"\xbb",
        b"\xbf",
        b"\xe2\x82",
        b"\xac",
        b"\xff",
        b"\xf0\x9f\x92\xac",
        b"\xc3",
    ),
    *("\u2028".encode(), "\u2029".encode(), "\u0085".encode(), b"\v", b"\f", b"\x1c", "٣".encode()),
]
unhurried = settings(deadline=None)  # a busy machine is no failure
streams = st.lists(st.sampled_from(SHREDS) | st.binary(max_size=4), max_size=40).map(b"".join)


@st.composite
def chunked(draw: st.DrawFn) -> list[bytes]:
    stream = draw(streams)
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    return [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


@unhurried
@given(streams)
def test_dispatches_what_a_browser_dispatches(stream: bytes) -> None:
    assert as_browser(parse(stream))[0] == browser(stream)[0]


@unhurried
@given(streams)
def test_reconnects_as_a_browser_does(stream: bytes) -> None:
    # A browser obeys a `retry` line at once; with us it is part of a frame, so every frame is ended here.
    stream += b"\n\n"
    assert as_browser(parse(stream))[1] == browser(stream)[1]


@unhurried
@given(chunked())
def test_chunks_do_not_matter(chunks: list[bytes]) -> None:
    stream = b"".join(chunks)
    whole = parse_in_chunks([stream])
    assert parse_in_chunks(chunks) == whole
    assert parse_in_chunks([stream[at : at + 1] for at in range(len(stream))]) == whole


@unhurried
@given(chunked(), st.integers(0, 60))
def test_chunks_do_not_matter_to_the_limit(chunks: list[bytes], limit: int) -> None:
    def outcome(pieces: list[bytes]) -> tuple[list[Frame], Tail, bool]:
        parser, frames = SseParser(limit), []
        try:
            for piece in pieces:
                frames += parser.feed(piece)
        except FrameTooLarge as refusal:
            return [*frames, *refusal.frames], parser.close(), True
        return frames, parser.close(), False

    assert outcome(chunks) == outcome([b"".join(chunks)])


@unhurried
@given(streams)
def test_every_line_is_accounted_for(stream: bytes) -> None:
    frames = parse(stream)
    blocks = re.findall(r"(?:[^\n]+\n)+\n", "".join(f"{line}\n" for line in lines_of(stream)))
    assert len(frames) == len(blocks)
    for frame, block in zip(frames, blocks, strict=True):
        lines = block[:-2].split("\n")
        assert [f":{comment}" for comment in frame.comments] == [line for line in lines if line[0] == ":"]
        assert set(frame.ignored) <= set(lines)
        unseen = [line for line in lines if line[0] != ":" and line not in frame.ignored]
        assert {re.split(":", line)[0] for line in unseen} == {
            name for name in ("event", "data", "id", "retry") if getattr(frame, name) is not None
        }


@unhurried
@given(st.binary(max_size=40).map(lambda raw: re.sub(rb"[\r\n]", b"", raw)))
def test_malformed_means_not_utf8(raw: bytes) -> None:
    (frame,) = parse(b"data:" + raw + b"\n\n")
    try:
        raw.decode()
    except UnicodeDecodeError:
        assert frame.malformed
    else:
        assert not frame.malformed


@unhurried
@given(streams)
def test_agrees_with_httpx_sse(stream: bytes) -> None:
    """As far as httpx-sse follows the standard.

    It does not: it emits an event for a block without data, and after the first ``id`` for every blank line;
    it takes as ``retry`` all that ``int()`` takes, such as "+1" or digits of other scripts. Blocks without
    data are left out here, and a ``retry`` of other than ASCII digits is not shown to it.
    """
    decoder, theirs, has_data = SSEDecoder(), [], False
    for line in lines_of(stream):
        if re.match("retry(:|$)", line) and not re.fullmatch("retry: ?[0-9]+", line):
            continue
        event = decoder.decode(line)
        if event is not None and has_data:
            theirs.append((event.event, event.data, event.id, event.retry))
        has_data = bool(line) and (has_data or re.match("data(:|$)", line) is not None)

    ours, last_event_id = [], ""
    for frame in parse(stream):
        last_event_id = last_event_id if frame.id is None else frame.id
        if frame.dispatches:
            ours.append((frame.event or "message", frame.data, last_event_id, frame.retry))
    assert ours == theirs


# --- named examples -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "frame"),
    [
        pytest.param(b"data: a\n", Frame(data="a"), id="data"),
        pytest.param(b"event: ping\n", Frame(event="ping"), id="ping without data"),
        pytest.param(b": still here\n:\n", Frame(comments=(" still here", "")), id="comments only"),
        pytest.param(b"data\n", Frame(data=""), id="field without colon"),
        pytest.param(b"data:\n", Frame(data=""), id="empty value"),
        pytest.param(b"data\ndata\n", Frame(data="\n"), id="two empty data lines"),
        pytest.param(b"data:  a \n", Frame(data=" a "), id="one leading space removed"),
        pytest.param(b"data:\ta\n", Frame(data="\ta"), id="a tab is no space"),
        pytest.param(b"data: a:b\n", Frame(data="a:b"), id="colon in the value"),
        pytest.param(b"data: a\nid: 1\ndata: b\n", Frame(data="a\nb", id="1"), id="data lines joined"),
        pytest.param(b"event: a\nevent: b\n", Frame(event="b"), id="last value counts"),
        pytest.param(b"event\n", Frame(event=""), id="present but empty"),
        pytest.param(b"id\n", Frame(id=""), id="id reset"),
        pytest.param(b"id: 1\nid: a\0\n", Frame(id="1", ignored=("id: a\0",)), id="id with NUL"),
        pytest.param(b"retry: 0150\n", Frame(retry=150), id="retry"),
        pytest.param(b"retry: 1.5\n", Frame(ignored=("retry: 1.5",)), id="retry no integer"),
        pytest.param(b"retry: -1\n", Frame(ignored=("retry: -1",)), id="retry negative"),
        pytest.param("retry: ٣\n".encode(), Frame(ignored=("retry: ٣",)), id="retry in other digits"),
        pytest.param(b"retry\n", Frame(ignored=("retry",)), id="retry empty"),
        pytest.param(b"retry:" + b"9" * 18 + b"\n", Frame(retry=10**18 - 1), id="retry of 18 digits"),
        pytest.param(
            b"retry:" + b"9" * 19 + b"\n", Frame(ignored=("retry:" + "9" * 19,)), id="retry of 19 digits"
        ),
        pytest.param(
            b"retry:" + b"9" * 5000 + b"\n", Frame(ignored=("retry:" + "9" * 5000,)), id="retry absurd"
        ),
        pytest.param(b"Data: a\n data: b\n", Frame(ignored=("Data: a", " data: b")), id="unknown fields"),
        pytest.param(b'{"event":"x"}\n', Frame(ignored=('{"event":"x"}',)), id="bare JSON"),
        pytest.param(b"data: a\xff\n", Frame(data="a\ufffd", malformed=True), id="byte that is not UTF-8"),
        pytest.param(b"data: \xe2\x82\n", Frame(data="\ufffd", malformed=True), id="cut character"),
        pytest.param(b":\xff\n", Frame(comments=("\ufffd",), malformed=True), id="comment that is not UTF-8"),
        pytest.param("data: \ufffd\n".encode(), Frame(data="\ufffd"), id="U+FFFD sent as such"),
        pytest.param(
            "data: a\u2028b\u2029c\u0085d\ve\ff\x1cg\n".encode(),
            Frame(data="a\u2028b\u2029c\u0085d\ve\ff\x1cg"),
            id="separators that end no line",
        ),
    ],
)
def test_one_block(block: bytes, frame: Frame) -> None:
    parser = SseParser()
    assert parser.feed(block + b"\n") == [frame]
    assert not parser.close()


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_line_ends(end: bytes) -> None:
    assert parse(end.join([b"data: a", b"data: b", b"", b"", b"event: c", b"", b""])) == [
        Frame(data="a\nb"),
        Frame(event="c"),
    ]


def test_cr_ends_the_line_at_once_and_a_late_lf_belongs_to_it() -> None:
    parser = SseParser()
    assert parser.feed(b"data: a\r") == []
    assert parser.feed(b"\n\r") == [Frame(data="a")]
    assert parser.feed(b"") == []
    assert parser.feed(b"\ndata: b\r") == []
    assert parser.feed(b"\n") == []
    assert parser.feed(b"\n") == [Frame(data="b")]
    assert not parser.close()


def test_bom_only_at_the_very_start() -> None:
    assert parse(b"\xef\xbb\xbfdata: a\n\n") == [Frame(data="a")]
    assert parse(b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n") == [Frame(ignored=("\ufeffdata: a",))]
    assert parse(b"\n\xef\xbb\xbfdata: a\n\n") == [Frame(ignored=("\ufeffdata: a",))]
    frames, tail = parse_in_chunks([b"\xef", b"\xbb", b"", b"\xbf", b"data: a\n", b"\n"])
    assert (frames, bool(tail)) == ([Frame(data="a")], False)


@pytest.mark.parametrize(
    ("stream", "pending"),
    [
        (b"", ""),
        (b"\n", ""),
        (b"\r\n", ""),
        (b"\n\r\n\r", ""),
        (b"\xef\xbb\xbf", ""),
        (b"data: a\n\n", ""),
        (b"data: a\r\n\r", ""),
        (b"d", "d"),
        (b"data: a\n\ndata: b", "data: b"),
        (b"data: a\n\ndata: b\n", "data: b\n"),
        (b"data: a\n\nevent: c\r\n: note\r\nda", "event: c\r\n: note\r\nda"),
        (b"data: \xf0\x9f", "data: \ufffd"),
        (b"\xef\xbb", "\ufffd"),
    ],
)
def test_tail_is_what_no_blank_line_ended(stream: bytes, pending: str) -> None:
    parser = SseParser()
    parser.feed(stream)
    tail = parser.close()
    assert tail.pending == pending
    assert bool(tail) == bool(pending)


def test_tail_keeps_only_the_start_of_what_is_large() -> None:
    parser = SseParser()
    parser.feed(b"data: " + b"x" * 100_000)
    assert parser.close() == Tail("data: " + "x" * 4090, 100_006)


def test_a_frame_of_exactly_the_limit_passes() -> None:
    parser = SseParser(limit=8)
    assert parser.feed(b"data: a\n\ndata: b\n\n") == [Frame(data="a"), Frame(data="b")]


def test_a_frame_over_the_limit_is_refused_and_the_frames_before_it_are_kept() -> None:
    parser = SseParser(limit=8)
    with pytest.raises(FrameTooLarge, match="8 bytes") as refusal:
        parser.feed(b"data: a\n\ndata: bb\n\n")
    assert refusal.value.frames == (Frame(data="a"),)
    with pytest.raises(FrameTooLarge):
        parser.feed(b"\n\ndata: c\n\n")
    assert parser.close().size == 9


def test_a_frame_may_have_a_mebibyte_unless_told_otherwise() -> None:
    parser = SseParser()
    assert parser.feed(b"x" * (1 << 20)) == []
    with pytest.raises(FrameTooLarge, match="1048576 bytes"):
        parser.feed(b"x")


def test_the_limit_counts_a_frame_of_many_lines() -> None:
    parser = SseParser(limit=1000)
    for _ in range(200):
        assert parser.feed(b": on\n") == []
    with pytest.raises(FrameTooLarge):
        parser.feed(b":")


def test_work_is_linear_in_one_huge_line_that_comes_byte_by_byte() -> None:
    """Two million feeds of one growing line: scanning or copying it anew each time would take days."""
    size = 2_000_000
    parser = SseParser(limit=2 * size)
    for _ in range(size):
        parser.feed(b"x")
    assert parser.close().size == size
    assert parser.feed(b"\n\n") == [Frame(ignored=("x" * size,))]
