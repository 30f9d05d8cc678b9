"""Faults in what a stop does to the run that it names."""

from collections.abc import Iterator
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Event, HangUp, Reference, Refused, Request, Run
from conformance.reference.answers import NO_SUCH_RUN
from conformance.reference.faults.marking import breaks

_IGNORED = ("stop.lifecycle.ends", "stop.lifecycle.no-late-node", "stop.lifecycle.detail-stopped")


@breaks(*_IGNORED, like="langgenius/dify#18481")
class AcknowledgesAndCarriesOn(Reference):
    """Answers success and lets the workflow run to its end."""

    def on_stop(self, run: Run) -> None: ...


@breaks(*_IGNORED)
class OnlyTheSecondStopWorks(Reference):
    """Ignores the first stop of a run."""

    def on_stop(self, run: Run) -> None:
        if run.stop_requests > 1:
            super().on_stop(run)


@breaks(*_IGNORED)
class StopsTooLate(Reference):
    """Stops the run long after the acknowledgement."""

    def on_stop(self, run: Run) -> None:
        self.later(3.5, lambda: super(StopsTooLate, self).on_stop(run))


@breaks("stop.lifecycle.terminal-event", "stop.lifecycle.detail-stopped")
class CutsTheStreamOnly(Reference):
    """Ends the stream, and the run goes on."""

    def on_stop(self, run: Run) -> None:
        run.cut()


@breaks("stop.lifecycle.ends")
class StreamNeverEnds(Reference):
    """Stops the run, says nothing of it, and keeps the stream open."""

    def events(self, run: Run) -> Iterator[Event]:
        for event in super().events(run):
            if run.status == "stopped" and event["event"] == "workflow_finished":
                self.pause(60)
                return
            yield event


@breaks("stop.lifecycle.ends")
class StreamStaysOpen(Reference):
    """Says that the run was stopped, and keeps the stream open."""

    def events(self, run: Run) -> Iterator[Event]:
        yield from super().events(run)
        if run.status == "stopped":
            self.pause(60)


@breaks("stop.lifecycle.ends")
class PingsForEver(Reference):
    """Says that the run was stopped, and goes on with pings."""

    def events(self, run: Run) -> Iterator[Event]:
        yield from super().events(run)
        while run.status == "stopped" and not self.closing.is_set():
            yield {"event": "ping"}
            self.pause(0.3)


@breaks("stop.lifecycle.terminal-event")
class EndsWithoutAWord(Reference):
    """Stops the run and ends the stream without `workflow_finished`."""

    def events(self, run: Run) -> Iterator[Event]:
        for event in super().events(run):
            if event["event"] != "workflow_finished" or run.status != "stopped":
                yield event


@breaks("stop.lifecycle.terminal-event")
class EndsByAnotherName(Reference):
    """Calls the end of a stopped run `workflow_stopped`."""

    def last_event(self, run: Run) -> Event:
        event = super().last_event(run)
        return event | {"event": "workflow_stopped"} if run.status == "stopped" else event


@breaks("stop.lifecycle.terminal-event")
class EndsByAnError(Reference):
    """Tells of a stop as an error."""

    def last_event(self, run: Run) -> Event:
        event = super().last_event(run)
        if run.status != "stopped":
            return event
        told = {"status": 400, "code": "stopped", "message": "Stopped by user."}
        return {"event": "error", "task_id": run.task_id, "workflow_run_id": run.id} | told


@breaks("stop.lifecycle.terminal-status")
class StoppedRunSucceeds(Reference):
    """Says that a stopped run succeeded."""

    stopped = "succeeded"


@breaks("stop.lifecycle.terminal-status", like="langgenius/dify#28598")
class StoppedRunFails(Reference):
    """Says in the stream that a stopped run failed; the detail says stopped."""

    def last_event(self, run: Run) -> Event:
        event = super().last_event(run)
        if run.status == "stopped":
            event["data"]["status"] = "failed"
        return event


@breaks("stop.lifecycle.terminal-status")
class StoppedRunIsCancelled(Reference):
    """Has another word for stopped, in the stream and in the detail."""

    stopped = "cancelled"


@breaks("stop.lifecycle.terminal-status")
class StoppedInCapitals(Reference):
    """Writes `STOPPED` in the stream."""

    def last_event(self, run: Run) -> Event:
        event = super().last_event(run)
        event["data"]["status"] = event["data"]["status"].replace("stopped", "STOPPED")
        return event


@breaks("stop.lifecycle.terminal-status")
class StillRunningAtTheEnd(Reference):
    """Says `running` in the last event of a stopped run."""

    def last_event(self, run: Run) -> Event:
        event = super().last_event(run)
        if run.status == "stopped":
            event["data"]["status"] = "running"
        return event


@breaks("stop.lifecycle.terminal-status", "stop.lifecycle.events-valid")
class EndsWithoutAStatus(Reference):
    """Leaves the status out of the last event of a stopped run."""

    def last_event(self, run: Run) -> Event:
        event = super().last_event(run)
        if run.status == "stopped":
            event["data"]["status"] = None
        return event


class _Detail(Reference):
    """Says something else of a stopped run in its detail."""

    def detail(self, run: Run) -> dict[str, Any]:
        detail = super().detail(run)
        return detail | self.instead(run) if run.status == "stopped" else detail

    def instead(self, run: Run) -> dict[str, Any]:
        raise NotImplementedError


@breaks("stop.lifecycle.detail-stopped", like="langgenius/dify#29688")
class DetailStaysRunning(_Detail):
    """Never writes down that a run was stopped."""

    def instead(self, run: Run) -> dict[str, Any]:
        return {"status": "running", "finished_at": None, "total_steps": 0, "error": None}


@breaks("stop.lifecycle.detail-stopped")
class DetailSaysFailed(_Detail):
    """Writes down that a stopped run failed."""

    def instead(self, run: Run) -> dict[str, Any]:
        return {"status": "failed"}


@breaks("stop.lifecycle.detail-stopped")
class DetailSaysSucceeded(_Detail):
    """Writes down that a stopped run succeeded."""

    def instead(self, run: Run) -> dict[str, Any]:
        return {"status": "succeeded"}


@breaks("stop.lifecycle.detail-stopped", like="langgenius/dify#36204")
class DetailComesLate(_Detail):
    """Takes long to write down that a run was stopped."""

    def instead(self, run: Run) -> dict[str, Any]:
        return {"status": "running"} if run.ended_ago < 3 else {}


@breaks("stop.lifecycle.detail-stays")
class DetailChangesItsMind(_Detail):
    """Says that a run was stopped, and soon that it failed."""

    def instead(self, run: Run) -> dict[str, Any]:
        return {"status": "failed"} if self.count(("details", run.id)) > 1 else {}


@breaks("stop.lifecycle.detail-stays")
class DetailGoesBackToRunning(_Detail):
    """Says that a run was stopped, and then that it is running, as a late writer had it."""

    def instead(self, run: Run) -> dict[str, Any]:
        return {"status": "running"} if self.count(("details", run.id)) > 1 else {}


@breaks("stop.lifecycle.detail-stopped")
class DetailOfTheStoppedIsGone(Reference):
    """Knows nothing more of a run that was stopped."""

    def do_detail(self, request: Request, app: App, run_id: str) -> Response:
        run = self.runs.by_id(run_id)
        if run is not None and run.status == "stopped":
            raise Refused(NO_SUCH_RUN)
        return super().do_detail(request, app, run_id)


@breaks("stop.lifecycle.detail-stays", effort="standard")
class DetailChangesItsMindLater(_Detail):
    """Says that a run was stopped, and a good while later that it succeeded."""

    def instead(self, run: Run) -> dict[str, Any]:
        return {"status": "succeeded"} if run.ended_ago > 2 else {}


@breaks("stop.lifecycle.whole-frames")
class StoppedStreamBreaksOff(Reference):
    """Ends a stopped stream in the middle of an event."""

    def stream(self, run: Run) -> Iterator[bytes]:
        yield from super().stream(run)
        if run.status == "stopped":
            yield b'data: {"event": "pi'


@breaks("stop.lifecycle.whole-frames")
class StoppedStreamIsReset(Reference):
    """Resets the connection after the last event of a stopped run."""

    def stream(self, run: Run) -> Iterator[bytes]:
        yield from super().stream(run)
        if run.status == "stopped":
            self.pause(0.05)
            raise HangUp(reset=True)


@breaks("stop.lifecycle.whole-frames")
class ChunksWithoutAnEnd(Reference):
    """Closes the connection of a stopped stream without the last chunk."""

    def stream(self, run: Run) -> Iterator[bytes]:
        yield from super().stream(run)
        if run.status == "stopped":
            raise HangUp


@breaks("stop.lifecycle.terminal-event", "stop.lifecycle.whole-frames")
class LastEventIsCut(Reference):
    """Sends only the beginning of the last event of a stopped run."""

    def frame(self, event: Event) -> bytes:
        frame = super().frame(event)
        is_cut = event["event"] == "workflow_finished" and event["data"]["status"] == "stopped"
        return frame[:200] if is_cut else frame
