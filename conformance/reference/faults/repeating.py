"""Faults that show only when one stop is sent again, after another, or beside another."""

from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Reference, Refused, Request, Run
from conformance.reference.answers import INTERNAL, MALFORMED
from conformance.reference.faults.marking import breaks


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


@breaks("stop.lifecycle.repeated")
class TenStopsAreEnough(Reference):
    """Refuses a user's eleventh stop of a run that goes on."""

    def on_stop(self, run: Run) -> None:
        if not run.has_ended and self.count(("stops of", run.user)) > 10:
            raise Refused(Error(409, "conflict", "There are too many stops."))
        super().on_stop(run)


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
