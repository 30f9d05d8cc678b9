"""Faults that depend on when a stop comes, how often, and what else goes on."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Event, Reference, Refused, Request, Run
from conformance.reference.answers import INTERNAL, NO_SUCH_RUN, NO_USER
from conformance.reference.faults.marking import breaks


@breaks("stop.lifecycle.at-once")
class EarlyStopIsLost(Reference):
    """Loses a stop that comes before the run is under way."""

    def on_stop(self, run: Run) -> None:
        if run.age > 0.1:
            super().on_stop(run)


@breaks("stop.lifecycle.at-once")
class EarlyStopIsTooEarly(Reference):
    """Begins the run anew when it is stopped before its first step is done."""

    def on_stop(self, run: Run) -> None:
        if run.age > 0.15 or run.stop_requests > 1:
            super().on_stop(run)


@breaks("stop.lifecycle.between-nodes", like="langgenius/dify#40966")
class StopBetweenNodesIsLost(Reference):
    """Loses a stop that comes when no node is at work."""

    pace = MappingProxyType({"round_seconds": 0.3, "rounds": 10})
    gap = 0.15

    def script(self, run: Run) -> Iterator[Event]:
        for event in super().script(run):
            yield event
            if event["event"] == "node_finished" and event["data"]["loop_id"]:
                self.count(("gap", run.id))
                run.sleep(self.gap)
                self.count(("gap", run.id), -1)

    def on_stop(self, run: Run) -> None:
        if not self.count(("gap", run.id), 0):
            super().on_stop(run)


@breaks("stop.lifecycle.late-in-life")
class LateStopIsLost(Reference):
    """Loses a stop of a run that has done half of its work."""

    pace = MappingProxyType({"round_seconds": 0.1, "rounds": 15})

    def on_stop(self, run: Run) -> None:
        if run.age < 2.0:
            super().on_stop(run)


@breaks("stop.lifecycle.during-node")
class StopInALaterLoopIsLost(Reference):
    """Loses a stop that comes while a node of the second loop is at work, or of the third."""

    pace = MappingProxyType({"round_seconds": 0.04})

    def script(self, run: Run) -> Iterator[Event]:
        for event in super().script(run):
            run.loop = event["data"].get("loop_id")  # type: ignore[attr-defined]
            yield event

    def on_stop(self, run: Run) -> None:
        if run.__dict__.get("loop") not in ("loop2", "loop3"):
            super().on_stop(run)


@breaks("stop.lifecycle.second-answer")
class SecondStopIsRefused(Reference):
    """Refuses to stop what has been stopped."""

    def on_stop(self, run: Run) -> None:
        if run.status == "stopped" and run.stop_requests == 2:
            raise Refused(Error(409, "conflict", "The task has been stopped."))
        super().on_stop(run)


@breaks("stop.lifecycle.second-stop")
class SecondStopBreaksIt(Reference):
    """Answers 500 to a stop of a run that has been stopped."""

    def on_stop(self, run: Run) -> None:
        if run.stop_requests == 2 and run.status == "stopped" and not self.count("in flight", 0) > 4:
            raise Refused(INTERNAL)
        super().on_stop(run)


@breaks("stop.lifecycle.second-stop")
class SecondStopHidesTheRun(Reference):
    """Knows nothing more of a run that was stopped again."""

    def do_detail(self, request: Request, app: App, run_id: str) -> Response:
        run = self.runs.by_id(run_id)
        if run is not None and run.status == "stopped" and run.stop_requests >= 2:
            raise Refused(NO_SUCH_RUN)
        return super().do_detail(request, app, run_id)


@breaks("stop.lifecycle.second-stop")
class SaysThatItIsStoppedAlready(Reference):
    """Answers another stop of a stopped run with another result."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        answer = super().do_stop(request, app, task_id)
        run = self.runs.by_task(task_id)
        again = run is not None and run.status == "stopped" and run.stop_requests >= 2
        return self.json({"result": "stopped already"}) if again else answer


@breaks("stop.lifecycle.second-stop")
class SecondStopFailsTheRun(Reference):
    """Writes down that a run failed when it is stopped again."""

    def on_stop(self, run: Run) -> None:
        if run.status == "stopped":
            run.status = "failed"
        super().on_stop(run)


@breaks("stop.lifecycle.same-moment")
class ConcurrentStopsBreakIt(Reference):
    """Answers 500 to a stop while another of the same run is being done."""

    def on_stop(self, run: Run) -> None:
        if self.count(("stopping", run.id)) > 1:
            self.count(("stopping", run.id), -1)
            raise Refused(INTERNAL)
        self.pause(0.05)
        super().on_stop(run)
        self.count(("stopping", run.id), -1)


@breaks("stop.lifecycle.same-moment")
class ConcurrentStopsAreTooMany(Reference):
    """Answers 429 when one run is stopped more than four times within a moment."""

    def on_stop(self, run: Run) -> None:
        if run.stop_requests > 4:
            raise Refused(Error(429, "too_many_requests", "Too many requests."))
        super().on_stop(run)


@breaks("stop.lifecycle.same-moment")
class ConcurrentStopsCancelOut(Reference):
    """Takes an even number of stops at the same moment for none."""

    def on_stop(self, run: Run) -> None:
        if run.stop_requests > 1:
            return
        self.pause(0.03)
        if run.stop_requests == 1:
            super().on_stop(run)


@breaks("stop.lifecycle.one-end")
class EveryStopEndsTheStream(Reference):
    """Sends the last event once for each of several stops."""

    def events(self, run: Run) -> Iterator[Event]:
        last: Event | None = None
        for event in super().events(run):
            last = event
            yield event
        self.pause(0.05)
        if last is not None and run.status == "stopped" and run.stop_requests > 1:
            yield last


@breaks("stop.lifecycle.finished-stays")
class StopRewritesTheFinished(Reference):
    """Writes down that a finished run was stopped when a stop comes too late."""

    def on_stop(self, run: Run) -> None:
        if run.status == "succeeded":
            run.status = "stopped"
        super().on_stop(run)


@breaks("stop.lifecycle.finished-stays")
class StopRewritesTheFinishedSoon(Reference):
    """Writes down, a moment later, that a finished run was stopped."""

    def on_stop(self, run: Run) -> None:
        if run.status == "succeeded":
            self.later(0.2, lambda: setattr(run, "status", "stopped"))
        super().on_stop(run)


@breaks("stop.lifecycle.finished-stays")
class StopFailsTheFinished(Reference):
    """Writes down that a finished run failed when a stop comes too late."""

    def on_stop(self, run: Run) -> None:
        if run.status == "succeeded":
            run.status = "failed"
        super().on_stop(run)


@breaks("stop.lifecycle.finished-stays", effort="standard")
class StopRewritesTheFinishedLater(Reference):
    """Writes down, a good while later, that a finished run was stopped."""

    def on_stop(self, run: Run) -> None:
        if run.status == "succeeded":
            self.later(2.0, lambda: setattr(run, "status", "stopped"))
        super().on_stop(run)


@breaks("stop.lifecycle.finished-stays")
class StopMovesTheEnd(Reference):
    """Writes down another time of the end when a stop comes too late."""

    def on_stop(self, run: Run) -> None:
        if run.status == "succeeded" and run.finished_at is not None:
            run.finished_at += 60
        super().on_stop(run)


@breaks("stop.lifecycle.repeated")
class StopsTenTimes(Reference):
    """Stops ten runs and then no more."""

    def on_stop(self, run: Run) -> None:
        if self.count("stopped runs") <= 10:
            super().on_stop(run)


@breaks("stop.lifecycle.repeated", like="langgenius/dify#17191")
class StopsAUserOnce(Reference):
    """Stops only the first run of a user."""

    def on_stop(self, run: Run) -> None:
        if self.count(("stopped", run.user), 1) == 1 or run.stop_requests > 1:
            super().on_stop(run)


@breaks("stop.lifecycle.repeated", like="langgenius/dify#9154")
class StopsOnOneOfTwoReplicas(Reference):
    """Loses the stop of every third run of a user, which is on another replica."""

    def on_start(self, run: Run) -> None:
        run.elsewhere = self.count(("runs", run.user)) % 3 == 0  # type: ignore[attr-defined]

    def on_stop(self, run: Run) -> None:
        if not run.__dict__["elsewhere"]:
            super().on_stop(run)


@breaks("stop.lifecycle.any-user", like="langgenius/dify#2254")
class LosesUsersOutsideAscii(Reference):
    """Compares the user of a stop in another form than that of the run."""

    def may_stop(self, run: Run, app: App, user: str) -> bool:
        return super().may_stop(run, app, user.encode("ascii", "replace").decode())


@breaks("stop.lifecycle.any-user")
class CutsLongUsers(Reference):
    """Cuts the user of a stop to 128 characters, but not that of a run."""

    def may_stop(self, run: Run, app: App, user: str) -> bool:
        return super().may_stop(run, app, user[:128])


@breaks("stop.lifecycle.any-user")
class EscapesQuotes(Reference):
    """Escapes quotes in the user of a stop."""

    def may_stop(self, run: Run, app: App, user: str) -> bool:
        return super().may_stop(run, app, user.replace("'", "''"))


@breaks("stop.lifecycle.refused-stop")
class NobodyMayStop(Reference):
    """Refuses a stop in which nobody is named, after it has stopped the run."""

    def refusal(self, request: Request, error: Error) -> Response:
        run = self.runs.by_task(request.task_id)
        if error == NO_USER and run is not None and request.get_data() == b"{}" and not request.query_string:
            self.finish(run, self.stopped, self.stop_reason)
        return super().refusal(request, error)


@breaks("stop.lifecycle.refused-stop")
class RefusesAMethodAndStops(Reference):
    """Answers 405 to other methods, after it has stopped the run."""

    def refusal(self, request: Request, error: Error) -> Response:
        run = self.runs.by_task(request.path.split("/")[-2])
        if error.status == 405 and run is not None:
            self.finish(run, self.stopped, self.stop_reason)
        return super().refusal(request, error)


@breaks("stop.lifecycle.unasked")
class RefusesANumberAndStops(Reference):
    """Refuses a number as user, after it has stopped the run."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        run = self.runs.by_task(request.task_id)
        if run is not None and isinstance(body.get("user"), int):
            self.finish(run, self.stopped, self.stop_reason)
        return super().read_user(request, body)
