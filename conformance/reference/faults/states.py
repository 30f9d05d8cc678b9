"""Faults that depend on how far a run is, and on who listens to it."""

from collections.abc import Iterator
from types import MappingProxyType

from werkzeug.wrappers import Response

from conformance.reference import App, Event, Reference, Refused, Request, Run
from conformance.reference.answers import INTERNAL, NO_SUCH_RUN
from conformance.reference.faults.marking import breaks


@breaks("stop.lifecycle.late-in-life")
class StopInTheLastThirdIsLost(Reference):
    """Loses a stop that comes when two thirds of the nodes of a run have done their work."""

    pace = MappingProxyType({"round_seconds": 0.1, "rounds": 15})

    def script(self, run: Run) -> Iterator[Event]:
        for event in super().script(run):
            run.last_third = event["data"].get("loop_id") == "loop3"  # type: ignore[attr-defined]
            yield event

    def on_stop(self, run: Run) -> None:
        if not run.__dict__.get("last_third"):
            super().on_stop(run)


@breaks("stop.lifecycle.reader-left")
class StopOfAnUnreadRunIsLost(Reference):
    """Loses a stop of a run whose stream nobody reads any more."""

    def stream(self, run: Run) -> Iterator[bytes]:
        try:
            yield from super().stream(run)
        finally:
            self.count(("unread", run.id))

    def on_stop(self, run: Run) -> None:
        if not self.count(("unread", run.id), 0):
            super().on_stop(run)


@breaks("stop.lifecycle.reader-left")
class ReadersWriteTheEnd(Reference):
    """Lets the reader of a stream write down the end of a stopped run, and nobody where that one has left."""

    def stream(self, run: Run) -> Iterator[bytes]:
        try:
            yield from super().stream(run)
        finally:
            self.count(("left", run.id))

    def on_stop(self, run: Run) -> None:
        if self.count(("left", run.id), 0):
            super().on_stop(run)
        elif not run.has_ended:
            self.later(
                0.1,
                lambda: self.count(("left", run.id), 0) or self.finish(run, self.stopped, self.stop_reason),
            )


@breaks("stop.lifecycle.after-an-end")
class UserIsOver(Reference):
    """Stops no run of a user of whom a run has ended by itself."""

    def on_stop(self, run: Run) -> None:
        if not any(one.user == run.user and one.status == self.succeeded for one in self.runs.all()):
            super().on_stop(run)


@breaks("stop.lifecycle.after-an-end")
class LateStopEndsTheNextRun(Reference):
    """Keeps the signal of a stop that came too late, and stops the next run of the user by it."""

    def on_stop(self, run: Run) -> None:
        if run.has_ended:
            self.count(("too late", run.user))
        super().on_stop(run)

    def on_start(self, run: Run) -> None:
        if kept := self.count(("too late", run.user), 0):
            self.count(("too late", run.user), -kept)
            self.later(0.5, lambda: self.finish(run, self.stopped, self.stop_reason))


@breaks("stop.lifecycle.late-answer")
class LateStopsBreakIt(Reference):
    """Answers 500 to a stop of a run that has ended by itself."""

    def on_stop(self, run: Run) -> None:
        if run.status == self.succeeded:
            raise Refused(INTERNAL)
        super().on_stop(run)


@breaks("stop.lifecycle.late-answer")
class LateStopsFailWithSuccess(Reference):
    """Answers 200 with the result `failed` to a stop of a run that has ended by itself."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        answer, run = super().do_stop(request, app, task_id), self.runs.by_task(task_id)
        return self.json({"result": "failed"}) if run and run.status == self.succeeded else answer


class _OfUnknownTasks(Reference):
    """Answers a right stop of a task that it does not know in its own way."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        answer = super().do_stop(request, app, task_id)
        return answer if self.runs.by_task(task_id) else self.other(answer)

    def other(self, answer: Response) -> Response:
        raise NotImplementedError


@breaks("stop.lifecycle.unknown-answer")
class UnknownTasksAreHtml(_OfUnknownTasks):
    """Declares the success for an unknown task as HTML."""

    def other(self, answer: Response) -> Response:
        answer.content_type = "text/html"
        return answer


@breaks("stop.lifecycle.unknown-answer")
class UnknownTasksAreNoContent(_OfUnknownTasks):
    """Answers 204 for an unknown task."""

    def other(self, answer: Response) -> Response:
        return Response(status=204)


@breaks("stop.lifecycle.unknown-answer")
class UnknownTasksAreAnotherSuccess(_OfUnknownTasks):
    """Answers 200 with another result for an unknown task."""

    def other(self, answer: Response) -> Response:
        return self.json({"result": "not found"})


@breaks("stop.lifecycle.refused-when-over")
class AsksNobodyWhenOver(Reference):
    """Answers success to whoever stops a run that is over, before it asks for the user."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        run = self.runs.by_task(task_id)
        return self.success() if run and run.has_ended else super().do_stop(request, app, task_id)


@breaks("stop.lifecycle.refused-when-unknown")
class AsksNothingOfUnknownTasks(Reference):
    """Answers success to any stop of a task that it does not know, once it has seen the key."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        return super().do_stop(request, app, task_id) if self.runs.by_task(task_id) else self.success()


@breaks("stop.lifecycle.refused-when-unknown")
class LetsAnyModeStopUnknownTasks(Reference):
    """Looks at the app's mode only where it knows the task."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        if app.mode != "workflow" and not self.runs.by_task(task_id):
            return self.success()
        return super().do_stop(request, app, task_id)


@breaks("stop.lifecycle.refused-when-unknown")
class LetsAnybodyStopUnknownTasks(Reference):
    """Asks for the key only where it knows the task."""

    def authenticate(self, request: Request) -> App:
        if request.operation == "stop" and not self.runs.by_task(request.task_id):
            return self.apps[0]
        return super().authenticate(request)


@breaks("stop.lifecycle.refused-stop")
class StopsByALink(Reference):
    """Does a stop by GET, too, when the user stands in the query string."""

    def answer(self, request: Request) -> Response:
        run = self.runs.by_task(request.path.split("/")[-2]) if request.method == "GET" else None
        if run is not None and request.args.get("user") == run.user:
            self.on_stop(run)
            return self.success()
        return super().answer(request)


@breaks("stop.lifecycle.refused-stop")
class StopsByHead(Reference):
    """Does by HEAD what is asked of the path, and says that it is not allowed."""

    def answer(self, request: Request) -> Response:
        run = self.runs.by_task(request.path.split("/")[-2]) if request.method == "HEAD" else None
        if run is not None and not request.query_string:
            self.on_stop(run)
        return super().answer(request)


@breaks("stop.lifecycle.late-answer")
class ArchivesBreakIt(Reference):
    """Answers 500 to a stop of a run that ended more than a second ago, for its row is in another table by then."""

    def on_stop(self, run: Run) -> None:
        if run.status == self.succeeded and run.ended_ago > 1:
            raise Refused(INTERNAL)
        super().on_stop(run)


@breaks("stop.lifecycle.other-answer")
class StrangersBreakIt(Reference):
    """Answers 500 to a stop in the name of another user, for it takes the owner for granted."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = self.runs.by_task(task_id)
        if run is not None and run.app == app and run.user != user:
            raise Refused(INTERNAL)
        return super().find_run(task_id, app, user)


@breaks("stop.lifecycle.finished-stays")
class BadKeysRewriteTheEnd(Reference):
    """Refuses a stop with a bad key of a run that is over, and has written into its record by then."""

    def authenticate(self, request: Request) -> App:
        run = self.runs.by_task(request.task_id) if request.operation == "stop" else None
        app = self.find_app(self.credential(request)) if "Authorization" in request.headers else None
        if app is None and run is not None and run.status == self.succeeded:
            run.status = self.stopped
        return super().authenticate(request)


class _WhenOver(Reference):
    """Answers a stop of a run that is over in a way of its own."""

    def when_over(self, request: Request) -> Response | None:
        raise NotImplementedError

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        run = self.runs.by_task(task_id)
        other = self.when_over(request) if run and run.has_ended else None
        return other or super().do_stop(request, app, task_id)


@breaks("stop.lifecycle.refused-when-over")
class TakesTextWhenOver(_WhenOver):
    """Answers success to a stop as plain text when the run is over."""

    def when_over(self, request: Request) -> Response | None:
        return None if request.is_json else self.success()


@breaks("stop.lifecycle.refused-when-over")
class StumblesWhenOver(_WhenOver):
    """Answers 500 to malformed JSON when the run is over."""

    def when_over(self, request: Request) -> Response | None:
        if request.is_json and request.get_json(silent=True) is None:
            raise Refused(INTERNAL)
        return None


@breaks("stop.lifecycle.refused-when-over")
class AsksForNoKeyWhenOver(Reference):
    """Asks for no key where the run is over, since nothing is left to be stopped."""

    def authenticate(self, request: Request) -> App:
        run = self.runs.by_task(request.task_id) if request.operation == "stop" else None
        if run is not None and run.has_ended and "Authorization" not in request.headers:
            return run.app
        return super().authenticate(request)


@breaks("stop.lifecycle.at-once")
class EarlyStopsAreUnknown(Reference):
    """Answers 404 to a stop that comes before the run has begun to work, for it registers runs late."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = super().find_run(task_id, app, user)
        if run is not None and run.age < 0.1 and not run.has_ended:
            raise Refused(NO_SUCH_RUN)
        return run
