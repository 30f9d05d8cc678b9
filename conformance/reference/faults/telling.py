"""Faults in what an answer tells that is nobody's business, and in what it repeats as it was sent."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Event, Reference, Refused, Request, Run, workflow
from conformance.reference.answers import NO_SUCH_RUN, NO_USER
from conformance.reference.faults.marking import breaks
from conformance.reference.faults.texts import SpoilsRefusals


@breaks("stop.robust.no-leaks")
class RunsItsDebugger(SpoilsRefusals):
    """Shows the page of a debugger where it stumbles, with what opens its console."""

    def spoil(self, answer: Response) -> None:
        message = (
            'The debugger caught an exception in your WSGI application. EVALEX = true, SECRET = "aIdG9kk1"'
        )
        answer.set_data(json.dumps({"code": "bad_request", "message": message, "status": 400}))


class _TellsInMessage(SpoilsRefusals):
    """Has something in the message that is nobody's business."""

    text: str

    def spoil(self, answer: Response) -> None:
        answer.set_data(json.dumps({"code": "bad_request", "message": self.text, "status": 400}))


@breaks("stop.robust.no-leaks")
class TellsWhoseTaskItIs(Reference):
    """Refuses a stranger with the name of the user whose run it is."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = self.runs.by_task(task_id)
        if run is not None and run.app == app and run.user != user:
            raise Refused(Error(403, "forbidden", f"The task belongs to {run.user}."))
        return super().find_run(task_id, app, user)


@breaks("stop.robust.no-leaks", "stop.user.message")
class ListsWhatGoesOn(Reference):
    """Lists the tasks that there are where no user is named."""

    def refusal(self, request: Request, error: Error) -> Response:
        tasks = ", ".join(run.task_id for run in self.runs.all() if not run.has_ended)
        tells = error == NO_USER and tasks and request.operation == "stop"
        return super().refusal(
            request, replace(error, message=f"{error.message} There are {tasks}.") if tells else error
        )


@breaks("stop.robust.no-leaks")
class NodesEndWithATrace(Reference):
    """Tells in the end of the node that a stop interrupts where in its sources that happened."""

    def events(self, run: Run) -> Iterator[Event]:
        for event in super().events(run):
            if event["event"] == "workflow_finished" and run.status == self.stopped:
                text = 'Traceback (most recent call last):\n  File "/app/api/core/node.py", line 12, in run'
                node = workflow.node_started(run, workflow.END)
                yield node | {
                    "event": "node_finished",
                    "data": node["data"] | {"id": "interrupted", "status": "failed", "error": text},
                }
            yield event


@breaks("stop.robust.no-leaks")
class ShowsItsTrace(_TellsInMessage):
    """Has a stack trace in the message."""

    text = 'Traceback (most recent call last):\n  File "/app/api/controllers/stop.py", line 12, in post'


@breaks("stop.robust.no-leaks")
class ShowsFramesOfJava(_TellsInMessage):
    """Has the frames of a stack in the message, as Java writes them."""

    text = "Unexpected character\n\tat com.example.JsonParser.parse(JsonParser.java:2477)"


@breaks("stop.robust.no-leaks")
class ShowsFramesOfRuby(_TellsInMessage):
    """Has the frames of a stack in the message, as Ruby writes them."""

    text = "unexpected token\napp/controllers/tasks_controller.rb:42:in 'stop'"


@breaks("stop.robust.no-leaks")
class TellsItsSql(_TellsInMessage):
    """Has a statement in the message."""

    text = "(psycopg2.errors.SyntaxError) SELECT id FROM end_users WHERE session_id = 1"


@breaks("stop.robust.no-leaks")
class TellsItsUpstream(_TellsInMessage):
    """Has the address of a server behind it in the message."""

    text = "connect ECONNREFUSED 10.42.0.17:6379"


@breaks("stop.robust.no-leaks")
class ShowsAnObject(_TellsInMessage):
    """Has the address of an object in memory in the message."""

    text = "cannot read <api.StopRequest object at 0x7f3a2c1b9d50>"


@breaks("stop.robust.no-echo")
class SplitsItsHeaders(Reference):
    """Writes the task id into a header as it stands."""

    def wire(self, request: Request, response: Response) -> Iterator[bytes]:
        if "\r\n" not in request.task_id:
            yield from super().wire(request, response)
            return
        head, _, body = b"".join(super().wire(request, response)).partition(b"\r\n\r\n")
        lines = ("".join(filter(str.isprintable, line)) for line in request.task_id.split("\r\n"))
        task = "\r\n".join(line for line in lines if line)
        yield head + b"\r\nX-Task: " + task.strip().encode("ascii", "replace") + b"\r\n\r\n" + body


@breaks("stop.robust.no-echo")
class RepeatsMarkup(Reference):
    """Names a task that it does not know in a page, without escaping it."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        answer = super().do_stop(request, app, task_id)
        page = f"<p>There is no task {task_id}.</p>"
        return Response(page, NO_SUCH_RUN.status, content_type="text/html") if "<" in task_id else answer


@breaks("stop.robust.no-echo")
class PagesRepeatMarkup(Reference):
    """Names the path in its page for what does not exist, without escaping it."""

    def answer(self, request: Request) -> Response:
        answer = super().answer(request)
        if answer.status_code == NO_SUCH_RUN.status and answer.mimetype == "text/html":
            answer.set_data(f"<p>There is no {request.path}.</p>")
        return answer


@breaks("stop.robust.no-leaks")
class DetailsTellTheirSql(Reference):
    """Has the statement that found nothing in the refusal of a run detail."""

    def refusal(self, request: Request, error: Error) -> Response:
        sql = "No row for SELECT workflow_runs.id FROM workflow_runs WHERE workflow_runs.id = 1"
        return super().refusal(request, replace(error, message=sql) if error == NO_SUCH_RUN else error)


@breaks("stop.robust.no-leaks")
class TellsItsStore(_TellsInMessage):
    """Has the name of the store behind it in the message."""

    text = "Error 111 connecting to redis:6379. Connection refused."


@breaks("stop.robust.no-leaks")
class TellsItsSettings(_TellsInMessage):
    """Has its settings in the message."""

    text = "bad settings: SECRET_KEY=not-for-you"


@breaks("stop.robust.no-leaks")
class TellsWhereItsCodeIs(_TellsInMessage):
    """Has the name of a function with its address in the message."""

    text = "'user' is not valid for <function validate_user at 0x7f0a3c1d2e50>"


@breaks("stop.robust.no-leaks")
class HeadersTellWhoseTaskItIs(Reference):
    """Names in a header whose run it is, to strangers, too."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        answer = super().do_stop(request, app, task_id)
        run = self.runs.by_task(task_id)
        if run is not None and run.user.isascii() and run.user.isprintable():
            answer.headers["X-Task-Owner"] = run.user
        return answer


@breaks("stop.robust.no-leaks")
class HeadersTellTheNewestTask(Reference):
    """Names in a header of every success the task that was started last."""

    def success(self) -> Response:
        answer = super().success()
        answer.headers["X-Newest-Task"] = ", ".join(run.task_id for run in self.runs.all()[-1:])
        return answer


class _OfAnother(Reference):
    """Takes what it tells of a stopped run from that of another user."""

    def another(self, run: Run) -> Run | None:
        others = (one for one in self.runs.all() if one.user != run.user)
        return next(others, None) if run.status == self.stopped else None


@breaks("stop.robust.no-leaks")
class EndsInAnothersName(_OfAnother):
    """Says in the last event of a stopped run that somebody else had started it."""

    def last_event(self, run: Run) -> Event:
        event, other = super().last_event(run), self.another(run)
        if other is not None:
            event["data"]["created_by"] |= {"user": other.user}
        return event


@breaks("stop.robust.no-leaks")
class DetailsHaveAnothersInputs(_OfAnother):
    """Has the inputs of somebody else's run in the details of stopped runs."""

    def detail(self, run: Run) -> dict[str, Any]:
        told, other = super().detail(run), self.another(run)
        return told if other is None else told | {"inputs": super().detail(other)["inputs"]}
