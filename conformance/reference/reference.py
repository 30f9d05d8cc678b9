"""The reference: how a server answers that honours the contract, one decision a method."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from typing import Any, NoReturn

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response

from conformance.reference import answers, apps, workflow
from conformance.reference.answers import Error, Refused
from conformance.reference.apps import App
from conformance.reference.crew import Crew
from conformance.reference.runs import PING, Event, Run, Runs
from conformance.reference.wire import Request, encode

BASE_PATH = "/v1"


class Reference:
    """A server that honours the contract; every method is a seam for one that does not.

    Args:
        round_seconds: how long each round of each of the three loops takes.
        rounds: rounds of each loop when the client does not say.
        ping_seconds: between two pings of a stream.
        kept_runs: how many runs are kept at most, those that go on aside.
        body_limit: the longest request body in bytes.

    """

    version = "reference"
    success_status = 200
    json_type = "application/json"
    stream_type = "text/event-stream; charset=utf-8"
    succeeded = "succeeded"
    stopped = "stopped"
    stop_reason = "Stopped by user."

    def __init__(
        self,
        *,
        round_seconds: float = 0.1,
        rounds: int = 20,
        ping_seconds: float = 10.0,
        kept_runs: int = 10_000,
        body_limit: int = 20 * 1024 * 1024,
    ) -> None:
        self.round_seconds = round_seconds
        self.rounds = rounds
        self.ping_seconds = ping_seconds
        self.body_limit = body_limit
        self.apps = apps.new_apps()
        self.runs = Runs(kept_runs)
        self.closing = threading.Event()
        self.lock = threading.RLock()  # unused here: for subclasses that do one thing at a time
        self._crew = Crew()
        self._counts: Counter[Hashable] = Counter()
        self._counts_lock = threading.Lock()
        self._routes = Map(
            [
                _rule("POST", "/workflows/run", "run"),
                _rule("GET", "/workflows/run/<string:run_id>", "detail"),
                _rule("POST", "/workflows/tasks/<string:task_id>/stop", "stop"),
                _rule("GET", "/info", "info"),
                _rule("GET", "/parameters", "parameters"),
            ]
        )

    # Every request, from its arrival to the bytes of its answer.

    def exchange(self, request: Request) -> Response:
        """Answers a request, or refuses it."""
        self.count("requests")
        self.count("in flight")
        try:
            return self.respond(request, self.answer(request))
        except Refused as refused:
            return self.refuse(request, refused.error)
        except HTTPException as page:  # no such route, or a redirect: a page, as Dify has it
            return self.respond(request, Response(page.get_body(), page.code, page.get_headers()))
        finally:
            self.count("in flight", -1)

    def answer(self, request: Request) -> Response:
        """Finds the operation, asks who is there, and does it."""
        operation, arguments = self.route(request)
        request.operation, request.task_id = operation, arguments.get("task_id", "")
        if request.method == "OPTIONS":
            return self.options(request)
        app = self.authenticate(request)
        do: Callable[..., Response] = getattr(self, f"do_{operation}")
        return do(request, app, **arguments)

    def refuse(self, request: Request, error: Error) -> Response:
        """Answers with an error, and what every answer has."""
        return self.respond(request, self.refusal(request, error))

    def respond(self, request: Request, response: Response) -> Response:  # noqa: ARG002
        """The last hand on every answer: the headers that all have."""
        response.headers["X-Version"] = self.version
        response.headers["X-Env"] = "PRODUCTION"
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "X-Env, X-Trace-Id, X-Version"
        return response

    def wire(self, request: Request, response: Response) -> Iterator[bytes]:
        """The very bytes of an answer; what one step yields is sent at once."""
        return encode(request, response)

    # The operations.

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        """`POST /workflows/tasks/{task_id}/stop`."""
        user = self.read_user(request, self.read_body(request))
        self.check_mode(app)
        run = self.find_run(task_id, app, user)
        if run is not None:
            run.stop_requests += 1
            self.on_stop(run)
        return self.success()

    def do_run(self, request: Request, app: App) -> Response:
        """`POST /workflows/run`."""
        body = self.read_body(request)
        user = self.read_user(request, body)
        self.check_mode(app)
        is_streaming = self.read_response_mode(body) == "streaming"
        run = self.start(app, user, self.read_rounds(body))
        if not is_streaming:
            return self.json(self.run_blocking(run))
        response = Response(self.stream(run), content_type=self.stream_type)
        response.call_on_close(run.forget)
        return response

    def do_detail(self, request: Request, app: App, run_id: str) -> Response:  # noqa: ARG002
        """`GET /workflows/run/{workflow_run_id}`."""
        self.check_mode(app)
        run = self.runs.by_id(run_id)
        if run is None or run.app != app:
            raise Refused(answers.NO_SUCH_RUN)
        return self.json(self.detail(run))

    def do_info(self, request: Request, app: App) -> Response:  # noqa: ARG002
        """`GET /info`."""
        return self.json(apps.info(app))

    def do_parameters(self, request: Request, app: App) -> Response:  # noqa: ARG002
        """`GET /parameters`."""
        return self.json(apps.parameters(app, self.rounds))

    # Who is there, and what do they want?

    def route(self, request: Request) -> tuple[str, dict[str, str]]:
        """Finds the operation and the arguments in the path; a path is decoded once."""
        routes = self._routes.bind_to_environ(request.environ)
        try:
            rule, arguments = routes.match(return_rule=True)
            # Methods are case-sensitive, which Werkzeug does not know.
            if request.environ["REQUEST_METHOD"] not in (rule.methods or ()):
                raise MethodNotAllowed(rule.methods)
        except MethodNotAllowed as refusal:
            allowed = ", ".join(sorted(refusal.valid_methods or ()))
            template = answers.METHOD_NOT_ALLOWED
            raise Refused(
                Error(template.status, template.code, template.message, (("Allow", allowed),))
            ) from None
        return rule.endpoint, dict(arguments)

    def authenticate(self, request: Request) -> App:
        """Finds the app that the caller may use."""
        app = self.find_app(self.credential(request))
        if app is None:
            raise Refused(answers.UNKNOWN_KEY)
        return app

    def credential(self, request: Request) -> str:
        """Reads the key from the `Authorization` header."""
        authorization = request.headers.get("Authorization", "").strip(" ")
        scheme, space, key = authorization.partition(" ")
        if not space:
            raise Refused(answers.NO_KEY)
        if not self.is_scheme(scheme):
            raise Refused(answers.OTHER_SCHEME)
        return key.strip(" ")

    def is_scheme(self, scheme: str) -> bool:
        """Whether this is the scheme that we understand (RFC 9110: in any letter case)."""
        return scheme.lower() == "bearer"

    def find_app(self, key: str) -> App | None:
        """Finds the app of a key."""
        return next((app for app in self.apps if app.key == key), None)

    def read_body(self, request: Request) -> dict[str, Any]:
        """Reads a body that must be a JSON object."""
        if not self.is_json(request):
            raise Refused(answers.NOT_JSON)
        if request.is_too_large:
            raise Refused(answers.TOO_LARGE)
        body = self.parse(request.get_data())
        if not isinstance(body, dict):
            raise Refused(answers.NOT_AN_OBJECT)
        return body

    def is_json(self, request: Request) -> bool:
        """Whether the body claims to be JSON, and not compressed."""
        coding = request.headers.get("Content-Encoding", "identity").strip().lower()
        return request.is_json and coding in ("", "identity")

    def parse(self, raw: bytes) -> Any:
        """Reads JSON strictly: UTF-8 without a mark, no NaN, no half of a surrogate pair."""
        try:
            value = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
            if b"\\ud" in raw or b"\\uD" in raw:
                json.dumps(value, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError):
            raise Refused(answers.MALFORMED) from None
        return value

    def read_user(self, request: Request, body: dict[str, Any]) -> str:  # noqa: ARG002
        """Reads who asks."""
        user = body.get("user")
        if not self.is_user(user):
            raise Refused(answers.NO_USER)
        return str(user)

    def is_user(self, value: object) -> bool:
        """Whether this can be a user: a string with something in it."""
        return isinstance(value, str) and value != ""

    def check_mode(self, app: App) -> None:
        """Refuses the key of an app that is no workflow."""
        if app.mode != "workflow":
            raise Refused(answers.NOT_WORKFLOW_APP)

    def read_response_mode(self, body: dict[str, Any]) -> str:
        """Reads how to answer; blocking when the client does not say."""
        mode = body.get("response_mode")
        if mode not in ("streaming", "blocking", None):
            raise Refused(answers.BAD_RESPONSE_MODE)
        return mode or "blocking"

    def read_rounds(self, body: dict[str, Any]) -> int:
        """Reads how many rounds each loop is to take."""
        inputs = body.get("inputs")
        if not isinstance(inputs, dict):
            raise Refused(answers.BAD_INPUTS)
        return workflow.read_rounds(inputs.get("rounds"), self.rounds)

    # What a stop does.

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        """Finds the run that this stop is for; a stop for no run is answered like any other."""
        run = self.runs.by_task(task_id)
        return run if run is not None and self.may_stop(run, app, user) else None

    def may_stop(self, run: Run, app: App, user: str) -> bool:
        """Whether this user of this app may stop a run: it must be their own."""
        return run.app == app and run.user == user

    def on_stop(self, run: Run) -> None:
        """Stops a run, before the answer is sent; does nothing when it has ended."""
        self.finish(run, self.stopped, self.stop_reason)

    # How a run goes.

    def start(self, app: App, user: str, rounds: int) -> Run:
        """Starts a run, in a thread of its own."""
        run = Run(app, user, rounds)
        self.runs.add(run)
        self.on_start(run)
        self.do_aside("reference-run", lambda: self.drive(run))
        return run

    def on_start(self, run: Run) -> None:
        """Called for every run before it does anything."""

    def drive(self, run: Run) -> None:
        """Takes a run from its first event to its end."""
        for event in self.script(run):
            if not run.publish(event):
                return
        self.finish(run, self.succeeded, outputs={"rounds": run.rounds})

    def script(self, run: Run) -> Iterator[Event]:
        """What happens in a run, as it happens, except the end."""
        return workflow.script(run, self.round_seconds)

    def finish(
        self, run: Run, status: str, error: str | None = None, outputs: dict[str, Any] | None = None
    ) -> bool:
        """Ends a run unless it has ended; says whether it did."""
        return run.finish(status, error, outputs or {}, self.last_event)

    def last_event(self, run: Run) -> Event:
        """The event that ends the stream."""
        return workflow.workflow_finished(run)

    def run_blocking(self, run: Run) -> dict[str, Any]:
        """Waits for the end of a run, and says what came of it."""
        run.forget()
        run.wait()
        return workflow.blocking_body(run)

    def detail(self, run: Run) -> dict[str, Any]:
        """What there is to know about a run, going on or ended."""
        return workflow.detail_body(run)

    # How a run is streamed.

    def stream(self, run: Run) -> Iterator[bytes]:
        """The body of a stream; what one step yields is one chunk."""
        for event in self.events(run):
            yield self.frame(event)

    def events(self, run: Run) -> Iterator[Event]:
        """The events of a stream, each when it is due; the first is a ping."""
        yield {"event": PING}
        yield from run.follow(self.ping_seconds)

    def frame(self, event: Event) -> bytes:
        """Writes an event as a server-sent event."""
        if event["event"] == PING:
            return b"event: ping\n\n"
        return b"data: " + _compact(event) + b"\n\n"

    # How an answer looks.

    def success(self) -> Response:
        """The answer to a stop."""
        return self.json(self.success_body(), self.success_status)

    def success_body(self) -> dict[str, Any]:
        """What the answer to a stop says."""
        return {"result": "success"}

    def refusal(self, request: Request, error: Error) -> Response:  # noqa: ARG002
        """The answer that says what was wrong."""
        response = self.json(self.envelope(error), error.status)
        response.headers.extend(error.headers)
        return response

    def envelope(self, error: Error) -> dict[str, Any]:
        """What a refusal says."""
        return {"code": error.code, "message": error.message, "status": error.status}

    def options(self, request: Request) -> Response:
        """The answer to `OPTIONS`."""
        methods = self._routes.bind_to_environ(request.environ).allowed_methods()
        return Response(headers={"Allow": ", ".join(sorted(methods))}, mimetype="text/html")

    def json(self, body: dict[str, Any], status: int = 200) -> Response:
        """An answer in JSON."""
        return Response(self.dumps(body), status, content_type=self.json_type)

    def dumps(self, body: dict[str, Any]) -> bytes:
        """Writes JSON."""
        return _compact(body) + b"\n"

    # Tools for subclasses.

    def count(self, what: Hashable, by: int = 1) -> int:
        """Adds `by` to a counter of this server, and returns it.

        Counted already: "requests" so far, and how many are "in flight".
        """
        with self._counts_lock:
            self._counts[what] += by
            return self._counts[what]

    def pause(self, seconds: float) -> None:
        """Waits, but not longer than the server lives."""
        self.closing.wait(seconds)

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        """Does something in `seconds`, unless the server is closed before."""

        def act() -> None:
            if not self.closing.wait(seconds):
                action()

        self.do_aside("reference-later", act)

    def do_aside(self, name: str, work: Callable[[], object]) -> None:
        """Does something in a thread of its own."""
        self._crew.start(name, work)

    def close(self) -> None:
        """Ends all runs and waits."""
        self.closing.set()
        for run in self.runs.all():
            run.abandon()
        self._crew.join(5.0)


def _rule(method: str, path: str, operation: str) -> Rule:
    return Rule(BASE_PATH + path, endpoint=operation, methods={method, "OPTIONS"})


def _compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
