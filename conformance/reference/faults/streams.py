"""Faults in what a stream says."""

import re
from collections.abc import Iterator
from uuid import uuid4

from conformance.reference import Event, Reference, Run
from conformance.reference.faults.marking import breaks


@breaks("stop.lifecycle.first-event", like="langgenius/dify#40948")
class BeginningIsLost(Reference):
    """Loses `workflow_started` in every fifth stream."""

    def events(self, run: Run) -> Iterator[Event]:
        is_lossy = self.count("streams") % 5 == 0
        for event in super().events(run):
            if not is_lossy or event["event"] != "workflow_started":
                yield event


@breaks("stop.lifecycle.first-event")
class BeginningComesSecond(Reference):
    """Sends the first node before `workflow_started`."""

    def events(self, run: Run) -> Iterator[Event]:
        kept: Event | None = None
        for event in super().events(run):
            if event["event"] == "workflow_started":
                kept = event
                continue
            yield event
            if kept is not None and event["event"] != "ping":
                yield kept
                kept = None


class _Ids(Reference):
    """Gives some events other ids."""

    def frame(self, event: Event) -> bytes:
        return super().frame(self.other(event) if "task_id" in event else event)

    def other(self, event: Event) -> Event:
        raise NotImplementedError


@breaks("stop.lifecycle.one-task-id")
class TaskIdChanges(_Ids):
    """Gives the events of loops a task id of their own."""

    def other(self, event: Event) -> Event:
        return event | {"task_id": event["data"]["id"]} if event["event"].startswith("loop_") else event


@breaks("stop.lifecycle.one-task-id")
class LastTaskIdInCapitals(_Ids):
    """Writes the task id of the last event in capitals."""

    def other(self, event: Event) -> Event:
        last = event["event"] == "workflow_finished"
        return event | {"task_id": event["task_id"].upper()} if last else event


@breaks("stop.lifecycle.one-task-id")
class TaskIdIsEmptyAtTheEnd(_Ids):
    """Leaves the task id of the last event empty."""

    def other(self, event: Event) -> Event:
        return event | {"task_id": ""} if event["event"] == "workflow_finished" else event


@breaks("stop.lifecycle.one-task-id", "stop.lifecycle.events-valid")
class TaskIdIsANumber(_Ids):
    """Gives the task id as a number."""

    def other(self, event: Event) -> Event:
        return event | {"task_id": int(event["task_id"].replace("-", ""), 16)}


@breaks("stop.lifecycle.one-run-id", "stop.lifecycle.events-valid")
class RunIdIsMissing(_Ids):
    """Leaves the id of the run out of every event."""

    def other(self, event: Event) -> Event:
        return {name: value for name, value in event.items() if name != "workflow_run_id"}


@breaks("stop.lifecycle.one-run-id")
class RunIdChanges(_Ids):
    """Gives the events of nodes the id of the node's execution for that of the run."""

    def other(self, event: Event) -> Event:
        return event | {"workflow_run_id": event["data"]["id"]} if "node_" in event["event"] else event


@breaks("stop.lifecycle.one-run-id")
class RunIdIsTheTaskIdAtTheEnd(_Ids):
    """Gives the last event the task id for the id of the run."""

    def other(self, event: Event) -> Event:
        last = event["event"] == "workflow_finished"
        return event | {"workflow_run_id": event["task_id"]} if last else event


@breaks("stop.lifecycle.one-run-id")
class TheEndHasAnIdOfItsOwn(_Ids):
    """Gives the data of the last event of a stopped run an id that nothing else has."""

    def other(self, event: Event) -> Event:
        if event["event"] != "workflow_finished" or event["data"]["status"] != "stopped":
            return event
        return event | {"data": event["data"] | {"id": str(uuid4())}}


@breaks("stop.lifecycle.ids-of-its-own")
class RunsShareARunId(Reference):
    """Gives the runs of users whose names have a slash in them the same workflow_run_id."""

    shared = "d7c3f1a0-5d0e-4c6b-9d53-6f0c0f5f7a11"

    def on_start(self, run: Run) -> None:
        if "/" in run.user:
            run.id = self.shared


@breaks("stop.lifecycle.ids-of-its-own")
class TaskIdsAreUsedAgain(Reference):
    """Gives a run the task id of an earlier run of the user that has ended."""

    def on_start(self, run: Run) -> None:
        with self.lock:
            mine = [one for one in self.runs.all() if one.user == run.user]
            in_use = {one.task_id for one in mine if not one.has_ended}
            free = [one.task_id for one in mine if one.task_id not in in_use]
            if free:
                run.task_id = free[-1]
                self.runs.add(run)


@breaks("stop.lifecycle.one-end")
class StopsAndSucceeds(Reference):
    """Says of a stopped run that it was stopped, and then that it succeeded."""

    def events(self, run: Run) -> Iterator[Event]:
        for event in super().events(run):
            yield event
            if event["event"] == "workflow_finished" and event["data"]["status"] == "stopped":
                yield event | {"data": event["data"] | {"status": "succeeded"}}


@breaks("stop.lifecycle.nothing-after")
class TalksAfterTheEnd(Reference):
    """Sends an event after the last."""

    def events(self, run: Run) -> Iterator[Event]:
        before: Event | None = None
        for event in super().events(run):
            yield event
            if event["event"] == "workflow_finished" and before is not None:
                yield before
            before = event


@breaks("stop.lifecycle.nothing-after")
class NodeFinishesAfterTheEnd(Reference):
    """Tells of the end of a node after the end of a stopped run."""

    def events(self, run: Run) -> Iterator[Event]:
        going_on: Event | None = None
        for event in super().events(run):
            going_on = event if event["event"] == "node_started" else going_on
            yield event
        if going_on is not None and run.status == "stopped":
            yield going_on | {"event": "node_finished", "data": going_on["data"] | {"status": "stopped"}}


class _Members(Reference):
    """Leaves something out of events, or gets it wrong."""

    event = ""

    def frame(self, event: Event) -> bytes:
        return super().frame(self.other(event) if event["event"] == self.event else event)

    def other(self, event: Event) -> Event:
        raise NotImplementedError


@breaks("stop.lifecycle.events-valid")
class BeginningWithoutId(_Members):
    """Leaves the id out of the data of `workflow_started`."""

    event = "workflow_started"

    def other(self, event: Event) -> Event:
        return event | {"data": {name: value for name, value in event["data"].items() if name != "id"}}


@breaks("stop.lifecycle.events-valid")
class NodesWithoutData(_Members):
    """Sends `node_finished` without data."""

    event = "node_finished"

    def other(self, event: Event) -> Event:
        return {name: value for name, value in event.items() if name != "data"}


@breaks("stop.lifecycle.events-valid")
class NodesWithoutRunId(_Members):
    """Leaves the `workflow_run_id` out of `node_started`."""

    event = "node_started"

    def other(self, event: Event) -> Event:
        return {name: value for name, value in event.items() if name != "workflow_run_id"}


@breaks("stop.lifecycle.events-valid")
class TimesAreTexts(_Members):
    """Writes times as texts, as Dify did up to 1.1."""

    event = "workflow_finished"

    def other(self, event: Event) -> Event:
        return event | {"data": event["data"] | {"created_at": "Tue, 01 Apr 2025 00:00:00 GMT"}}


@breaks("stop.lifecycle.events-json")
class TimesAreNoNumbers(Reference):
    """Has NaN for a time in some events, as encoders write that are not told otherwise."""

    def frame(self, event: Event) -> bytes:
        return re.sub(rb'"elapsed_time":[\d.e-]+', b'"elapsed_time":NaN', super().frame(event))


@breaks("stop.lifecycle.events-json")
class EventsRunTogether(Reference):
    """Puts one line end instead of two after a text, so that the next event belongs to it."""

    def frame(self, event: Event) -> bytes:
        frame = super().frame(event)
        return frame[:-1] if event["event"] == "text_chunk" else frame


@breaks("stop.lifecycle.events-json")
class TextsInLatin1(Reference):
    """Sends texts in Latin-1."""

    def frame(self, event: Event) -> bytes:
        frame = super().frame(event)
        is_text = event["event"] == "text_chunk"
        return frame.replace(b'"text":"', '"text":"é'.encode("latin-1")) if is_text else frame


@breaks("stop.lifecycle.events-json")
class QuotesAreNotEscaped(Reference):
    """Puts texts into events without escaping their quotes."""

    def frame(self, event: Event) -> bytes:
        frame = super().frame(event)
        is_text = event["event"] == "text_chunk"
        return frame.replace(b'"text":"', b'"text":"said "so"') if is_text else frame


@breaks("stop.lifecycle.events-valid")
class NamesTheEndAnError(Reference):
    """Names the last event of a stopped run `error` in the field `event`, of which its data says otherwise."""

    def frame(self, event: Event) -> bytes:
        written = super().frame(event)
        stopped = event["event"] == "workflow_finished" and event["data"]["status"] == self.stopped
        return b"event: error\n" + written if stopped else written
