"""Unusual event streams."""

from collections.abc import Iterator
from types import MappingProxyType

from conformance.reference import Event, Reference, Run
from conformance.reference.jsontext import compact
from conformance.reference.variants.marking import unusual


class _Frames(Reference):
    """Frames its events in another way."""

    def frame(self, event: Event) -> bytes:
        return self.framed(event["event"], compact(event).decode()).encode()

    def framed(self, name: str, data: str) -> str:
        raise NotImplementedError


@unusual()
class FramesWithNames(_Frames):
    """Names every event, numbers it, and ends lines with CRLF."""

    def framed(self, name: str, data: str) -> str:
        return f"id: {self.count('events')}\r\nevent: {name}\r\nretry: 3000\r\ndata: {data}\r\n\r\n"


@unusual()
class FramesWithComments(_Frames):
    """Puts comments between and inside events, and no blank after the colon."""

    def framed(self, name: str, data: str) -> str:
        return f":\n: keep-alive\n\ndata:{data}\n: in between\n\n"


@unusual()
class FramesInSeveralLines(_Frames):
    """Breaks the JSON of an event into lines, ended by CR alone."""

    def framed(self, name: str, data: str) -> str:
        return "".join(f"data: {line}\r" for line in data.replace(',"', ',\n"').split("\n")) + "\r"


@unusual()
class EndsWithAComment(Reference):
    """Ends its streams with a comment that no blank line follows."""

    def stream(self, run: Run) -> Iterator[bytes]:
        yield from super().stream(run)
        yield b": that was it\n"


@unusual()
class SpeaksAfterTheEnd(Reference):
    """Sends the rest of the speech after the last event of the run: what Dify does for apps that speak."""

    def stream(self, run: Run) -> Iterator[bytes]:
        yield from super().stream(run)
        for name in ("tts_message", "tts_message_end"):
            yield self.frame({"event": name, "task_id": run.task_id, "audio": ""})


@unusual()
class EndsWithFramesWithoutData(Reference):
    """Ends its streams with frames that have a name or a number only, of which a reader makes no event."""

    def stream(self, run: Run) -> Iterator[bytes]:
        yield from super().stream(run)
        yield b"event: end\n\n"
        yield b"id: 77\n\n"


@unusual()
class StreamTrickles(Reference):
    """Sends its stream a few bytes at a time, after a byte order mark."""

    pace = MappingProxyType({"round_seconds": 0.2, "rounds": 20})

    def stream(self, run: Run) -> Iterator[bytes]:
        yield b"\xef\xbb\xbf"
        for frame in super().stream(run):
            for at in range(0, len(frame), 50):
                yield frame[at : at + 50]


@unusual()
class PingsAllTheTime(Reference):
    """Sends a ping a hundred times a second, with data and without."""

    def events(self, run: Run) -> Iterator[Event]:
        return run.follow(0.01)

    def frame(self, event: Event) -> bytes:
        has_data = event["event"] == "ping" and self.count("pings") % 2
        return b'data: {"event": "ping"}\n\n' if has_data else super().frame(event)


@unusual()
class NeverPings(Reference):
    """Begins with the first event, and sends no ping."""

    def events(self, run: Run) -> Iterator[Event]:
        return (event for event in super().events(run) if event["event"] != "ping")


@unusual()
class TellsUnheardOfEvents(Reference):
    """Sends events that no document knows."""

    def script(self, run: Run) -> Iterator[Event]:
        for event in super().script(run):
            yield event
            yield {
                "event": "credits_used",
                "task_id": run.task_id,
                "workflow_run_id": run.id,
                "data": {"n": 1},
            }


@unusual()
class TellsTheQueueFirst(Reference):
    """Says how many runs are before this one, before it begins."""

    def script(self, run: Run) -> Iterator[Event]:
        yield {"event": "queue_position", "task_id": run.task_id, "workflow_run_id": run.id, "data": {"n": 0}}
        yield from super().script(run)


@unusual(opens=("stop.lifecycle.no-late-text",))
class TellsOnlyNodes(Reference):
    """Tells of nodes only: no loops, no texts."""

    def events(self, run: Run) -> Iterator[Event]:
        for event in super().events(run):
            if not event["event"].startswith(("loop_", "text_")):
                yield event


@unusual()
class HasLargeOutputs(Reference):
    """Ends its runs by an event of more than a megabyte where nobody stopped them: a file is among the outputs."""

    def events(self, run: Run) -> Iterator[Event]:
        for event in super().events(run):
            is_end = event["event"] == "workflow_finished" and event["data"]["status"] == self.succeeded
            file = {"outputs": {"file": "QUJD" * 300_000}}
            yield {**event, "data": {**event["data"], **file}} if is_end else event


@unusual()
class PingsWithTheTime(Reference):
    """Gives pings the time for their data, which is no JSON."""

    def frame(self, event: Event) -> bytes:
        return (
            b"event: ping\ndata: 2026-11-27T10:00:00Z\n\n"
            if event["event"] == "ping"
            else super().frame(event)
        )


@unusual()
class NodesAreKnownByName(Reference):
    """Has no ids of executions: a node has the same id whenever it works, in every round of a loop."""

    def events(self, run: Run) -> Iterator[Event]:
        for event in super().events(run):
            is_of_a_node = event["event"].startswith("node_")
            yield (
                event | {"data": event["data"] | {"id": event["data"]["node_id"]}} if is_of_a_node else event
            )


@unusual(opens=("stop.lifecycle.no-late-text", "stop.lifecycle.nodes-in-order"))
class TellsBeginningAndEnd(Reference):
    """Tells of the beginning and the end of runs, and of nothing between."""

    def events(self, run: Run) -> Iterator[Event]:
        told = {"ping", "workflow_started", "workflow_finished"}
        return (event for event in super().events(run) if event["event"] in told)
