"""Faults of a second workflow app, which the first does not have."""

from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Reference, Refused, Request, Run
from conformance.reference.answers import INTERNAL
from conformance.reference.faults.marking import breaks


@breaks("stop.lifecycle.second-app")
class KnowsOneApp(Reference):
    """Loses the stops of runs of every workflow app but the first."""

    def on_stop(self, run: Run) -> None:
        if run.app == self.apps[0]:
            super().on_stop(run)


@breaks("stop.lifecycle.second-app")
class UsersBelongToOneApp(Reference):
    """Loses the stops of a user in every app but the one that saw its name first."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.first_app: dict[str, App] = {}

    def start(self, app: App, user: str, rounds: int) -> Run:
        self.first_app.setdefault(user, app)
        return super().start(app, user, rounds)

    def on_stop(self, run: Run) -> None:
        if self.first_app[run.user] == run.app:
            super().on_stop(run)


@breaks("stop.lifecycle.second-app")
class TheOtherAppSaysOk(Reference):
    """Answers the stops of the other workflow app with a result of its own."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        answer = super().do_stop(request, app, task_id)
        return self.json({"result": "ok"}) if app == self.apps[1] else answer


class _TheOtherAppIsOdd(Reference):
    """Answers some stops of the other workflow app in a way of its own."""

    def there(self, request: Request, app: App, task_id: str) -> Response | None:
        raise NotImplementedError

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        odd = self.there(request, app, task_id) if app == self.apps[1] else None
        return odd or super().do_stop(request, app, task_id)


@breaks("stop.lifecycle.second-app")
class TheOtherAppNeedsNoUser(_TheOtherAppIsOdd):
    """Takes stops in nobody's name for those of the owner in the other workflow app."""

    def there(self, request: Request, app: App, task_id: str) -> Response | None:
        body = request.get_json(silent=True)
        return self.success() if body == {} else None


@breaks("stop.lifecycle.second-app")
class TheOtherAppTakesText(_TheOtherAppIsOdd):
    """Takes stops in plain text in the other workflow app."""

    def there(self, request: Request, app: App, task_id: str) -> Response | None:
        return None if request.is_json else self.success()


@breaks("stop.lifecycle.second-app")
class TheOtherAppRefusesInOtherWords(Reference):
    """Refuses stops in nobody's name by another code in the other workflow app."""

    def refusal(self, request: Request, error: Error) -> Response:
        there = self.apps[1].key in request.headers.get("Authorization", "")
        return super().refusal(request, replace(error, code="bad_request") if there else error)


@breaks("stop.lifecycle.second-app")
class TheOtherAppStumblesTwice(_TheOtherAppIsOdd):
    """Answers 500 to the second stop of a run of the other workflow app."""

    def there(self, request: Request, app: App, task_id: str) -> Response | None:
        run = self.runs.by_task(task_id)
        if run is not None and run.app == app and run.stop_requests:
            raise Refused(INTERNAL)
        return None


@breaks("stop.lifecycle.second-app")
class TheOtherAppKnowsAllTasks(_TheOtherAppIsOdd):
    """Answers 500 to the stop of a task that is unknown in the other workflow app."""

    def there(self, request: Request, app: App, task_id: str) -> Response | None:
        if self.runs.by_task(task_id) is None:
            raise Refused(INTERNAL)
        return None


@breaks("stop.lifecycle.second-app")
class TheOtherAppHasNoRecords(Reference):
    """Writes the end of stopped runs down in the first workflow app only."""

    def detail(self, run: Run) -> dict[str, Any]:
        is_stopped = run.status == self.stopped and run.app == self.apps[1]
        return super().detail(run) | ({"status": "running"} if is_stopped else {})


@breaks("stop.lifecycle.second-app")
class TheOtherAppIsSlowToListen(Reference):
    """Loses stops that come with the first event of a run of the other workflow app."""

    def on_stop(self, run: Run) -> None:
        if run.app == self.apps[0] or run.age > 0.1:
            super().on_stop(run)
