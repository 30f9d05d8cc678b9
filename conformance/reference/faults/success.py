"""Faults in the answer to a stop that is done."""

from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import Error, HangUp, Reference, Request, Run
from conformance.reference.answers import INTERNAL, NO_SUCH_RUN, Refused
from conformance.reference.apps import App
from conformance.reference.faults.marking import breaks


@breaks("stop.success.status")
class AnswersAccepted(Reference):
    """Answers 202 where the document says 200."""

    success_status = 202


@breaks("stop.success.status")
class AnswersCreated(Reference):
    """Answers 201, as for a thing that was made."""

    success_status = 201


@breaks("stop.success.status")
class AnswersNoContent(Reference):
    """Answers 204 without a body."""

    def success(self) -> Response:
        return Response(status=204)


@breaks("stop.success.status")
class StopsAndFails(Reference):
    """Stops the run and then answers 500."""

    def on_stop(self, run: Run) -> None:
        super().on_stop(run)
        raise Refused(INTERNAL)


@breaks("stop.success.status")
class KnowsNoTask(Reference):
    """Answers 404 for every task, running or not."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        raise Refused(NO_SUCH_RUN)


@breaks("stop.success.status", like="langgenius/dify#9313")
class HangsUpOnStops(Reference):
    """Stops the run and closes the connection without an answer."""

    def on_stop(self, run: Run) -> None:
        super().on_stop(run)
        raise HangUp


@breaks("stop.success.status")
class RedirectsStops(Reference):
    """Answers a stop with a redirect to another place."""

    def success(self) -> Response:
        return Response(status=303, headers={"Location": "/v1/info"})


@breaks("stop.success.media-type")
class SuccessAsHtml(Reference):
    """Declares the JSON of its success as HTML."""

    def success(self) -> Response:
        return Response(self.dumps(self.success_body()), content_type="text/html; charset=utf-8")


@breaks("stop.success.media-type")
class SuccessAsText(Reference):
    """Declares the JSON of its success as plain text."""

    def success(self) -> Response:
        return Response(self.dumps(self.success_body()), content_type="text/plain")


@breaks("stop.success.media-type")
class SuccessWithoutType(Reference):
    """Does not say what its success is."""

    def success(self) -> Response:
        response = super().success()
        del response.headers["Content-Type"]
        return response


@breaks("stop.success.media-type")
class SuccessAsJavascript(Reference):
    """Declares its success as JavaScript, whose name has the word json in no place."""

    def success(self) -> Response:
        return Response(self.dumps(self.success_body()), content_type="application/javascript")


class _Says(Reference):
    """Says something else than success."""

    result: Any = None

    def success_body(self) -> dict[str, Any]:
        return {"result": self.result}


@breaks("stop.success.result")
class SaysOk(_Says):
    """Says `ok` for a result."""

    result = "ok"


@breaks("stop.success.result")
class SaysSuccessInCapitals(_Says):
    """Says `Success` for a result."""

    result = "Success"


@breaks("stop.success.result")
class SaysSuccessAndBlank(_Says):
    """Says `success` with a blank after it."""

    result = "success "


@breaks("stop.success.result")
class SaysTrue(_Says):
    """Says `true` for a result."""

    result = True


@breaks("stop.success.result")
class SaysNull(_Says):
    """Says nothing for a result."""


@breaks("stop.success.result")
class SaysSuccessInAList(_Says):
    """Puts its result into a list."""

    result = ("success",)


@breaks("stop.success.result")
class SaysNothing(Reference):
    """Answers an empty object."""

    def success_body(self) -> dict[str, Any]:
        return {}


@breaks("stop.success.result")
class NestsItsResult(Reference):
    """Puts the result one level too deep."""

    def success_body(self) -> dict[str, Any]:
        return {"data": super().success_body()}


@breaks("stop.success.result")
class SuccessInBareWords(Reference):
    """Answers with a JSON string instead of an object."""

    def success(self) -> Response:
        return Response(b'"success"\n', content_type=self.json_type)


@breaks("stop.success.result")
class SuccessIsEmpty(Reference):
    """Answers 200 without a body."""

    def success(self) -> Response:
        return Response(b"", content_type=self.json_type)


@breaks("stop.success.result")
class SuccessIsNoJson(Reference):
    """Answers Python's notation of a dict and calls it JSON."""

    def success(self) -> Response:
        return Response(repr(self.success_body()), content_type=self.json_type)


@breaks("stop.success.nothing-else")
class TellsMoreThanAsked(Reference):
    """Adds the state of the server to its success."""

    def success_body(self) -> dict[str, Any]:
        return super().success_body() | {"stops": self.count("stops", 0)}


@breaks("stop.success.nothing-else")
class SuccessLooksLikeAnError(Reference):
    """Fills the error envelope for a success, too."""

    def success_body(self) -> dict[str, Any]:
        return super().success_body() | {"code": "ok", "message": "", "status": 200}


@breaks("stop.success.nothing-else")
class WarnsOfUnknownTasks(Reference):
    """Adds a warning to its success where it knows no such task."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        answer = super().do_stop(request, app, task_id)
        if answer.status_code == 200 and self.runs.by_task(task_id) is None:
            answer.set_data(self.dumps(self.success_body() | {"warning": "no such task"}))
        return answer


@breaks("stop.success.result")
class SaysStoppingWhileItRuns(Reference):
    """Says `stopping` for a run that was going on, and success for one that was not."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        run = self.runs.by_task(task_id)
        was_running = run is not None and not run.has_ended
        answer = super().do_stop(request, app, task_id)
        return self.json({"result": "stopping"}) if was_running else answer


@breaks("stop.success.status")
class EveryStopIsOneTooMany(Reference):
    """Answers 429 to every stop, to be sent again at once, for ever."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        raise Refused(Error(429, "too_many_requests", "Too many requests.", (("Retry-After", "0"),)))
