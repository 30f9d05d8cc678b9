"""Faults in what the details of runs say."""

import time
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Event, Reference, Refused, Request, Run
from conformance.reference.answers import NOT_JSON
from conformance.reference.faults.marking import breaks


class _SaysStopped(Reference):
    """Says in the details of runs that it has marked that they are stopped, as long as they go on."""

    def mark(self, run: Run) -> None:
        self.count(("marked", run.id))

    def detail(self, run: Run) -> dict[str, Any]:
        wrong = not run.has_ended and self.count(("marked", run.id), 0) > 0
        return super().detail(run) | ({"status": "stopped"} if wrong else {})


@breaks("stop.lifecycle.other-runs")
class RunsShareADetail(_SaysStopped):
    """Says in the details of three runs of a user that they are stopped when one of them is."""

    def on_stop(self, run: Run) -> None:
        alive = [one for one in self.runs.all() if one.user == run.user and not one.has_ended]
        for one in alive if len(alive) > 2 else []:
            self.mark(one)
        super().on_stop(run)


@breaks("stop.lifecycle.second-stop")
class SecondStopRevivesTheDetail(Reference):
    """Says in the detail of a stopped run that it is running, when it was read and then stopped once more."""

    def detail(self, run: Run) -> dict[str, Any]:
        told = super().detail(run)
        self.count(("read", run.id), 1 if run.status == "stopped" else 0)
        is_revived = self.count(("revived", run.id), 0) > 0
        return told | ({"status": "running"} if is_revived else {})

    def on_stop(self, run: Run) -> None:
        self.count(("revived", run.id), min(1, self.count(("read", run.id), 0)))
        super().on_stop(run)


@breaks("stop.lifecycle.detail-stays")
class WorksOnUnseen(Reference):
    """Lets the workflow work on when the stream of a stopped run has ended, and its record says stopped."""

    def detail(self, run: Run) -> dict[str, Any]:
        told = super().detail(run)
        done_since = int(run.ended_ago * 10) if run.status == "stopped" else 0
        return told | {"total_steps": told["total_steps"] + done_since}


@breaks("stop.lifecycle.detail-id")
class DetailTellsTheTask(Reference):
    """Gives the id of the task in the place of that of the run in the details of stopped runs."""

    def detail(self, run: Run) -> dict[str, Any]:
        return super().detail(run) | ({"id": run.task_id} if run.status == "stopped" else {})


@breaks("stop.lifecycle.refused-stop")
class StrangersMarkTheRecord(_SaysStopped):
    """Refuses a stop in the name of another user, and has written into the record by then."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = self.runs.by_task(task_id)
        if run is not None and run.app == app and run.user != user:
            self.mark(run)
            raise Refused(Error(403, "forbidden", "The task is not yours."))
        return super().find_run(task_id, app, user)


@breaks("stop.lifecycle.refused-stop")
class DetailTakesARefusalForAStop(_SaysStopped):
    """Says in the detail that a run is stopped while it goes on, when a stop in plain text was refused."""

    def refusal(self, request: Request, error: Error) -> Response:
        run = self.runs.by_task(request.task_id)
        if error == NOT_JSON and run is not None:
            self.mark(run)
        return super().refusal(request, error)


@breaks("stop.lifecycle.detail-end")
class StoppedRunsTakeMilliseconds(Reference):
    """Says in the last event of a stopped run how many milliseconds it took, where others have seconds."""

    def last_event(self, run: Run) -> Event:
        event = super().last_event(run)
        if run.status == "stopped":
            event["data"]["elapsed_time"] = 1_000_000 + run.elapsed * 1000
        return event


@breaks("stop.lifecycle.detail-end")
class StoppedRunsTakeLessThanNothing(Reference):
    """Takes the wrong one of two times from the other, so that a stopped run took less than nothing."""

    def detail(self, run: Run) -> dict[str, Any]:
        return super().detail(run) | ({"elapsed_time": -5 - run.elapsed} if run.status == "stopped" else {})


@breaks("stop.lifecycle.detail-end")
class StoppedRunsHaveNoEnd(Reference):
    """Leaves the end of a stopped run out of its record."""

    def detail(self, run: Run) -> dict[str, Any]:
        return super().detail(run) | ({"finished_at": None} if run.status == "stopped" else {})


@breaks("stop.robust.no-leaks")
class TellsWhereItWasStopped(Reference):
    """Gives the trace of its own exception for the error of a stopped run."""

    stop_reason = 'Traceback (most recent call last):\n  File "/app/api/engine.py", line 331, in run'


@breaks("stop.lifecycle.finished-stays")
class LateStopClearsTheOutputs(Reference):
    """Takes the outputs out of the record of a finished run when a stop comes too late."""

    def on_stop(self, run: Run) -> None:
        self.count(("late", run.id), 1 if run.has_ended else 0)
        super().on_stop(run)

    def detail(self, run: Run) -> dict[str, Any]:
        return super().detail(run) | ({"outputs": {}} if self.count(("late", run.id), 0) else {})


@breaks("stop.lifecycle.detail-stays")
class EndsWhenItIsRead(Reference):
    """Says in the detail of a stopped run that it ended just now."""

    def detail(self, run: Run) -> dict[str, Any]:
        return super().detail(run) | ({"finished_at": int(time.time())} if run.status == "stopped" else {})


@breaks("stop.lifecycle.detail-stays")
class TimesItOn(Reference):
    """Lets the time that a stopped run took go on growing."""

    def detail(self, run: Run) -> dict[str, Any]:
        return super().detail(run) | ({"elapsed_time": round(run.age, 6)} if run.status == "stopped" else {})


@breaks("stop.lifecycle.detail-id")
class DetailTellsAnotherWorkflow(Reference):
    """Gives the workflow of another app in the details of stopped runs."""

    def detail(self, run: Run) -> dict[str, Any]:
        told = super().detail(run)
        return told | ({"workflow_id": self.apps[1].workflow_id} if run.status == self.stopped else {})


@breaks("stop.lifecycle.detail-id")
class EndsAsAnotherWorkflow(Reference):
    """Gives the workflow of another app in the last event of a stopped run."""

    def last_event(self, run: Run) -> Event:
        event = super().last_event(run)
        other = {"workflow_id": self.apps[1].workflow_id} if run.status == self.stopped else {}
        return event | {"data": event["data"] | other}
