"""Reads an event stream in a thread of its own and records each frame with the time of its arrival."""

import socket
import threading
import time
from collections.abc import Callable, Sequence

import httpcore
import httpx

from conformance.exchange import Ending, Event, Fault, Request
from conformance.probe.http import TRANSPORT_ERRORS, HttpProbe
from conformance.probe.reply import Clock, Reply
from conformance.sse import FrameTooLarge, SseParser, Tail

POLL = 0.25  # seconds between looks at the clock while nothing arrives


class LiveStream:
    """A run that was started and is being listened to; ``wait_for`` blocks, everything else answers at once."""

    def __init__(self, probe: HttpProbe, request: Request, clock: Clock) -> None:
        self._probe = probe
        self._clock = clock
        self._changed = threading.Condition()
        self._events: list[Event] = []
        self._awaited: list[_Awaited] = []
        self._is_stream = False
        self._ending: Ending | None = None
        self._fault: Fault | None = None
        self._body = bytearray()
        self._head: httpx.Response | None = None
        self._answered_at: float | None = None
        self._ended_at: float | None = None
        self._heard = time.monotonic()
        self._reader: threading.Thread | None = None
        probe.budget.take()
        self.sent_at = clock()
        self._open(request)

    def _open(self, request: Request) -> None:
        now, deadlines = time.monotonic(), self._probe.target.deadlines
        try:
            self._head = self._probe.begin_alone(request, now + deadlines.first_event, now + deadlines.run)
        except TRANSPORT_ERRORS as error:
            self._end("reset", self._probe.fault(error, self._clock()))
            self._probe.budget.note(True)
            return
        self._answered_at = self._clock()
        self._is_stream = _is_event_stream(self._head)
        self._probe.budget.note(False)
        self._reader = threading.Thread(target=self._read, args=(self._head,), daemon=True, name="stream")
        self._reader.start()

    @property
    def events(self) -> tuple[Event, ...]:
        """What has arrived so far."""
        with self._changed:
            return tuple(self._events)

    @property
    def ended(self) -> bool:
        """Whether nothing more will arrive."""
        return self._ending is not None

    def wait_for(self, wanted: Callable[[Event], bool], seconds: float, count: int = 1) -> bool:
        """Whether ``count`` such events came, as soon as they have; not by the end, or within ``seconds``."""
        deadline = time.monotonic() + seconds
        awaited = _Awaited(wanted, count)
        with self._changed:
            if awaited.come(self._events):
                return True
            self._awaited.append(awaited)
            try:
                self._wait(awaited, deadline)
            finally:
                self._awaited.remove(awaited)
            return awaited.left <= 0

    def _wait(self, awaited: "_Awaited", deadline: float) -> None:
        while awaited.left > 0 and self._ending is None:
            left = deadline - time.monotonic()
            if left <= 0 or self._silent() or self._probe.budget.stopped.is_set():
                return
            self._changed.wait(min(left, POLL))

    def wait_end(self, seconds: float) -> bool:
        """Whether the stream ended within ``seconds``."""
        self.wait_for(lambda _: False, seconds)
        return self.ended

    def close(self) -> None:
        """Stop listening; a stream that has not ended is recorded as left, or as silent."""
        with self._changed:
            open_still = self._ending is None
            if open_still:
                self._finish("silence" if self._silent() else "left", None)
        if open_still and self._head is not None:
            _hang_up(self._head)
        if self._reader is not None:
            self._reader.join(timeout=5)

    def reply(self) -> tuple[Reply, tuple[Event, ...], Ending | None]:
        """What is to be recorded: the answer, the events, and how the stream ended (None if it was no stream)."""
        with self._changed:
            body = b"" if self._is_stream else bytes(self._body)
            response = self._probe.response(self._head, body, self._fault is None) if self._head else None
            reply = Reply(
                self.sent_at, self._ended_at or self._clock(), response, self._answered_at, self._fault
            )
            return reply, tuple(self._events), self._ending if self._is_stream or response is None else None

    def _silent(self) -> bool:
        return time.monotonic() - self._heard > self._probe.target.deadlines.silence

    def _read(self, head: httpx.Response) -> None:
        limit = self._probe.target.limits.stream if self._is_stream else self._probe.target.limits.body
        parser = SseParser(limit)
        received = 0
        try:
            for chunk in head.iter_bytes():
                self._heard = time.monotonic()
                received += len(chunk)
                self._probe.budget.receive(len(chunk))
                if received > limit:
                    self._end("too large", Fault("too large", self._clock(), f"more than {limit} bytes"))
                    return
                self._take(chunk, parser)
            broken = self._is_stream and _loses(parser.close())
            self._end("broken tail" if broken else "clean", None)
        except FrameTooLarge as error:
            self._end("too large", Fault("too large", self._clock(), str(error)))
        except TRANSPORT_ERRORS as error:
            self._lose(error)
        finally:
            head.close()

    def _take(self, chunk: bytes, parser: SseParser) -> None:
        if not self._is_stream:
            self._body += chunk
            return
        at = self._clock()
        event = self._probe.keyless.event
        frames = parser.feed(chunk)
        events = [event(at, f.event, f.data, f.malformed) for f in frames if f.event or f.data is not None]
        if events:
            with self._changed:
                if self._ending is None:
                    self._events += events
                    self._wake(events)

    def _wake(self, events: Sequence[Event]) -> None:
        """Whoever waits is woken once all has come, not by every event."""
        come = [awaited.come(events) for awaited in self._awaited]
        if any(come):
            self._changed.notify_all()

    def _lose(self, error: Exception) -> None:
        fault = self._probe.fault(error, self._clock())
        match error:
            case httpcore.RemoteProtocolError() | httpx.DecodingError():
                self._end("broken tail", fault)
            case httpcore.TimeoutException():
                self._end("silence" if self._silent() else "left", None)
            case _:
                self._end("reset", fault)

    def _end(self, ending: Ending, fault: Fault | None) -> None:
        with self._changed:
            if self._ending is None:
                self._finish(ending, fault)

    def _finish(self, ending: Ending, fault: Fault | None) -> None:
        self._ending = ending
        self._fault = fault
        self._ended_at = self._clock()
        self._changed.notify_all()


class _Awaited:
    """Events that somebody waits for, and how many of them are yet to come."""

    def __init__(self, wanted: Callable[[Event], bool], count: int) -> None:
        self._wanted = wanted
        self.left = count

    def come(self, events: Sequence[Event]) -> bool:
        """Take note of the next events; say whether all that was awaited has come."""
        self.left -= sum(map(self._wanted, events))
        return self.left <= 0


def _is_event_stream(head: httpx.Response) -> bool:
    return str(head.headers.get("content-type", "")).lower().startswith("text/event-stream")


def _loses(tail: Tail) -> bool:
    """Whether what was left unfinished is more than comments, which nobody reads."""
    lines = tail.pending.replace("\r", "\n").split("\n")
    return any(line and not line.startswith(":") for line in lines)


def _hang_up(head: httpx.Response) -> None:
    """Shut the connection so that the thread which reads it wakes."""
    stream = head.extensions.get("network_stream")
    connection = stream.get_extra_info("socket") if stream is not None else None
    if isinstance(connection, socket.socket):
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the peer or the reader closed it first
