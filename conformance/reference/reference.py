"""The reference: how a server answers that honours the contract, one decision a method."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import Message
from io import BufferedIOBase
from typing import Any

from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response

from conformance.reference import answers, apps
from conformance.reference.answers import Error, Refused
from conformance.reference.apps import App
from conformance.reference.engine import Engine
from conformance.reference.jsontext import compact
from conformance.reference.reading import Reading
from conformance.reference.wire import Request, check_headers, encode, read_body

BASE_PATH = "/v1"


class Reference(Reading, Engine):
    """A server that honours the contract; every method is a seam for one that does not.

    Requests are understood in `Reading`, runs go on in `Engine`, and `Tools` has what subclasses need to
    count, to wait and to do things later.

    Args:
        round_seconds: how long each round of each of the three loops takes.
        rounds: rounds of each loop when the client does not say.
        ping_seconds: between two pings of a stream.
        kept_runs: how many runs are kept at most, those that go on aside.
        body_limit: the longest request body, in bytes.

    """

    version = "reference"
    success_status = 200
    json_type = "application/json"
    stream_type = "text/event-stream; charset=utf-8"

    def __init__(
        self,
        *,
        round_seconds: float = 0.1,
        rounds: int = 20,
        ping_seconds: float = 10.0,
        kept_runs: int = 10_000,
        body_limit: int = 20 * 1024 * 1024,
    ) -> None:
        super().__init__(round_seconds=round_seconds, ping_seconds=ping_seconds, kept_runs=kept_runs)
        self.rounds = rounds
        self.body_limit = body_limit
        self.apps = apps.new_apps()
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

    def check_headers(self, headers: Message, version: str) -> None:
        """Refuse a header section that HTTP says to refuse."""
        check_headers(headers, version)

    def take_body(self, headers: Message, stream: BufferedIOBase) -> bytes:
        """Read the whole body off the connection, as the headers frame it."""
        return read_body(headers, stream, self.body_limit)

    def exchange(self, request: Request) -> Response:
        """Answer a request, or refuse it."""
        self.count("requests")
        self.count("in flight")
        try:
            return self.respond(request, self.answer(request))
        except Refused as refused:
            return self.refuse(request, refused.error)
        finally:
            self.count("in flight", -1)

    def answer(self, request: Request) -> Response:
        """Find the operation, ask who is there, and do it."""
        try:
            operation, arguments = self.route(request)
        except HTTPException as page:  # no such route, or a redirect
            return page.get_response(request.environ)
        request.operation, request.task_id = operation, arguments.get("task_id", "")
        if request.method == "OPTIONS":
            return self.options(request)
        app = self.authenticate(request)
        do: Callable[..., Response] = getattr(self, f"do_{operation}")
        return do(request, app, **arguments)

    def route(self, request: Request) -> tuple[str, dict[str, str]]:
        """Find the operation and the arguments in the path, which is decoded once.

        Raises:
            HTTPException: there is none; Werkzeug's page for that is the answer, as it is Dify's.

        """
        method = request.environ["REQUEST_METHOD"]
        try:
            routes = self._routes.bind_to_environ(request.environ)
            # Methods are case-sensitive, which Werkzeug does not know.
            rule, arguments = routes.match(method=method if method.isupper() else "-", return_rule=True)
        except MethodNotAllowed as refusal:
            allow = ("Allow", ", ".join(sorted(refusal.valid_methods or ())))
            raise Refused(replace(answers.METHOD_NOT_ALLOWED, headers=(allow,))) from None
        except BadRequest:
            raise Refused(answers.BAD_HEADERS) from None
        return rule.endpoint, dict(arguments)

    def refuse(self, request: Request, error: Error) -> Response:
        """Answer with an error, and with what every answer has."""
        return self.respond(request, self.refusal(request, error))

    def respond(self, request: Request, response: Response) -> Response:
        """Lay the last hand on an answer: the headers that all have."""
        response.headers["X-Version"] = self.version
        response.headers["X-Env"] = "PRODUCTION"
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "X-Env, X-Trace-Id, X-Version"
        return response

    def wire(self, request: Request, response: Response) -> Iterator[bytes]:
        """Yield the very bytes of an answer; what one step yields is sent at once."""
        return encode(request, response)

    # The operations.

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        """Answer `POST /workflows/tasks/{task_id}/stop`."""
        self.count("stops")
        user = self.read_user(request, self.read_body(request))
        self.check_mode(app)
        run = self.find_run(task_id, app, user)
        if run is not None:
            run.count_stop()
            self.on_stop(run)
        return self.success()

    def do_run(self, request: Request, app: App) -> Response:
        """Answer `POST /workflows/run`."""
        body = self.read_body(request)
        user = self.read_user(request, body)
        self.check_mode(app)
        mode, rounds = self.read_response_mode(body), self.read_rounds(body)
        run = self.start(app, user, rounds)
        if mode == "blocking":
            return self.json(self.run_blocking(run))
        response = Response(self.stream(run), content_type=self.stream_type)
        response.call_on_close(run.forget)
        return response

    def do_detail(self, request: Request, app: App, run_id: str) -> Response:
        """Answer `GET /workflows/run/{workflow_run_id}`."""
        self.check_mode(app)
        run = self.runs.by_id(run_id)
        if run is None or run.app != app:
            raise Refused(answers.NO_SUCH_RUN)
        return self.json(self.detail(run))

    def do_info(self, request: Request, app: App) -> Response:
        """Answer `GET /info`."""
        return self.json(apps.info(app))

    def do_parameters(self, request: Request, app: App) -> Response:
        """Answer `GET /parameters`."""
        return self.json(apps.parameters(app, self.rounds))

    # How an answer looks.

    def success(self) -> Response:
        """Return the answer to a stop."""
        return self.json(self.success_body(), self.success_status)

    def success_body(self) -> dict[str, Any]:
        """Return what the answer to a stop says."""
        return {"result": "success"}

    def refusal(self, request: Request, error: Error) -> Response:
        """Return the answer that says what was wrong."""
        response = self.json(self.envelope(error), error.status)
        response.headers.extend(error.headers)
        return response

    def envelope(self, error: Error) -> dict[str, Any]:
        """Return what a refusal says."""
        return {"code": error.code, "message": error.message, "status": error.status}

    def options(self, request: Request) -> Response:
        """Return the answer to `OPTIONS`."""
        methods = self._routes.bind_to_environ(request.environ).allowed_methods()
        return Response(headers={"Allow": ", ".join(sorted(methods))}, mimetype="text/html")

    def json(self, body: dict[str, Any], status: int = 200) -> Response:
        """Return an answer in JSON."""
        return Response(self.dumps(body), status, content_type=self.json_type)

    def dumps(self, body: dict[str, Any]) -> bytes:
        """Write the JSON of an answer; events are written by `frame`."""
        return compact(body) + b"\n"


def _rule(method: str, path: str, operation: str) -> Rule:
    return Rule(BASE_PATH + path, endpoint=operation, methods={method, "OPTIONS"})
