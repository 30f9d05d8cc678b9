"""Faults that show only when one stop is sent again, after another, or beside another."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Event, Reference, Refused, Request, Run
from conformance.reference.answers import INTERNAL, MALFORMED, NO_SUCH_RUN
from conformance.reference.faults.marking import breaks


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


@breaks("stop.lifecycle.repeated")
class TenStopsAreEnough(Reference):
    """Refuses a user's eleventh stop of a run that goes on."""

    def on_stop(self, run: Run) -> None:
        if not run.has_ended and self.count(("stops of", run.user)) > 10:
            raise Refused(Error(409, "conflict", "There are too many stops."))
        super().on_stop(run)


@breaks("stop.robust.repeat")
class TiresAfterFifty(Reference):
    """Says something else after fifty stops."""

    def success_body(self) -> dict[str, Any]:
        return {"result": "success" if self.count("mine") <= 50 else "busy"}


@breaks("stop.robust.repeat")
class FailsEveryTenth(Reference):
    """Answers every tenth stop of one task with 500."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        answer = super().do_stop(request, app, task_id)
        if self.count(("mine", task_id)) % 10 == 0:
            raise Refused(INTERNAL)
        return answer


# The deadlines of whoever judges a server in earnest, since this one lets others wait.
PATIENT = """
[target.trial]
base_url = "{url}"

[target.trial.limits]
concurrency = 12
"""


class _StrayByte(Reference):
    """Does something else with a task after a body of it that is nothing but a byte outside ASCII."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        if request.get_data() == b"\xff":
            self.count(("stray", task_id))
        elif self.count(("stray", task_id), 0) > 0:
            self.after_it(task_id)
        return super().do_stop(request, app, task_id)

    def after_it(self, task_id: str) -> None:
        raise NotImplementedError


@breaks("stop.robust.after-malformed")
class KeepsAStrayByte(_StrayByte):
    """Puts a stray byte of one body before the next body of the same task."""

    def after_it(self, task_id: str) -> None:
        self.count(("stray", task_id), -1)
        raise Refused(replace(MALFORMED, code="stray_byte"))


@breaks("stop.robust.together")
class RefusesCompany(_StrayByte):
    """Refuses a stop beside another of the same task, once a stray byte came for that task."""

    def after_it(self, task_id: str) -> None:
        try:
            if self.count(("under way", task_id)) > 1:
                raise Refused(Error(409, "conflict", "Another stop is under way."))
            self.pause(0.1)
        finally:
            self.count(("under way", task_id), -1)


@breaks("stop.robust.side-by-side")
class OneAtATime(_StrayByte):
    """Does the stops of a task slowly, and one after another, once a stray byte came for it."""

    settings = PATIENT

    def after_it(self, task_id: str) -> None:
        with self.lock:
            self.pause(0.5)


@breaks("stop.robust.together")
class UserOfTheNeighbour(_StrayByte):
    """Lets a stop without user take that of one beside it, once a stray byte came for their task."""

    def after_it(self, task_id: str) -> None:
        """Go on: the user is not read yet."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        if self.count(("stray", request.task_id), 0) < 1:
            return super().read_user(request, body)
        if "user" not in body:
            self.pause(0.02)
            is_alone = self.count(("at work", request.task_id), 0) < 1
            return super().read_user(request, body) if is_alone else "neighbour"
        try:
            self.count(("at work", request.task_id))
            self.pause(0.05)
            return super().read_user(request, body)
        finally:
            self.count(("at work", request.task_id), -1)


@breaks("stop.robust.together")
class WritesItsUsersDownTwice(Reference):
    """Fails for the sixth of several stops at the same moment by a user whom it has not met, and those after it."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        user = self.read_user(request, self.read_body(request))
        if self.runs.by_task(task_id) is None and not self.count(("written", user), 0):
            if self.count(("met", user)) > 5:
                raise Refused(INTERNAL)
            self.pause(0.1)
            self.count(("written", user))
        return super().do_stop(request, app, task_id)
