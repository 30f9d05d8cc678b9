"""Faults in the order of events, and in how often they come."""

from collections.abc import Iterator

from conformance.reference import Event, Reference, Run, workflow
from conformance.reference.faults.marking import breaks


class _Twice(Reference):
    """Sends each event of one name twice."""

    name = ""

    def events(self, run: Run) -> Iterator[Event]:
        for event in super().events(run):
            yield event
            if event["event"] == self.name:
                yield event


@breaks("stop.lifecycle.first-event")
class BeginsTwice(_Twice):
    """Sends the first event twice."""

    name = "workflow_started"


@breaks("stop.lifecycle.one-end")
class EndsTwice(_Twice):
    """Sends the last event twice."""

    name = "workflow_finished"


@breaks("stop.lifecycle.one-end")
class FailsAndStops(Reference):
    """Sends an error event before the last one of a stopped run."""

    def events(self, run: Run) -> Iterator[Event]:
        for event in super().events(run):
            if event["event"] == "workflow_finished" and run.status == "stopped":
                ids = {"task_id": run.task_id, "workflow_run_id": run.id}
                yield {"event": "error", **ids, "status": 400, "code": "aborted", "message": "Aborted."}
            yield event


@breaks("stop.lifecycle.nodes-in-order")
class StopsCostOthersEvents(Reference):
    """Loses the next end of a node in the streams of all other runs when one is stopped."""

    def on_stop(self, run: Run) -> None:
        for other in self.runs.all():
            if other is not run and not (run.has_ended or other.has_ended):
                self.count(("lost", other.id), 1 - self.count(("lost", other.id), 0))
        super().on_stop(run)

    def events(self, run: Run) -> Iterator[Event]:
        for event in super().events(run):
            if event["event"] == "node_finished" and self.count(("lost", run.id), 0) > 0:
                self.count(("lost", run.id), -1)
            else:
                yield event


@breaks("stop.lifecycle.nodes-in-order")
class NodesEndTwice(_Twice):
    """Delivers the end of every node twice."""

    name = "node_finished"


@breaks("stop.lifecycle.nodes-in-order")
class NodesEndBeforeTheyBegin(Reference):
    """Lets whatever follows the beginning of a node overtake it."""

    def events(self, run: Run) -> Iterator[Event]:
        held: Event | None = None
        for event in super().events(run):
            if event["event"] == "node_started" and event["data"].get("loop_id"):
                held = event
                continue
            yield event
            if held is not None and event["event"] not in {"ping", "workflow_finished"}:
                yield held
                held = None


@breaks("stop.lifecycle.one-end")
class PausesBeforeItEnds(Reference):
    """Tells of a stop as a pause first, and then as the end that it is."""

    def events(self, run: Run) -> Iterator[Event]:
        for event in super().events(run):
            if event["event"] == "workflow_finished" and run.status == self.stopped:
                data = {"id": run.id, "status": "paused", "outputs": {}, "created_at": run.created_at}
                yield event | {"event": "workflow_paused", "data": data}
            yield event


@breaks("stop.lifecycle.nodes-in-order")
class EndsWhatNeverBegan(Reference):
    """Tells in a stopped stream that the last node has done its work, which never began."""

    def on_stop(self, run: Run) -> None:
        started = workflow.node_started(run, workflow.END)
        done = {"status": "succeeded", "outputs": {}, "elapsed_time": 0.0, "finished_at": run.created_at}
        self.later(0.05, lambda: self.finish(run, self.stopped, self.stop_reason))
        self.later(
            0.02, lambda: run.publish(started | {"event": "node_finished", "data": started["data"] | done})
        )
