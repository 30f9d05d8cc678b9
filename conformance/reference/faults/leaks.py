"""Faults by which a key gets where it does not belong."""

from collections.abc import Iterator
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Event, Reference, Refused, Request, Run
from conformance.reference.answers import NO_KEY, UNKNOWN_KEY
from conformance.reference.faults.marking import breaks


class _Tells(Reference):
    """Tells the key to somebody."""

    def key_of(self, request: Request) -> str:
        return request.headers.get("Authorization", "").partition(" ")[2]


@breaks("stop.auth.not-echoed")
class EchoesTheKeyInAHeader(_Tells):
    """Sends the key back in a header for debugging."""

    def respond(self, request: Request, response: Response) -> Response:
        response.headers["X-Debug-Key"] = self.key_of(request)
        return super().respond(request, response)


@breaks("stop.auth.not-echoed")
class NamesAHeaderAfterTheKey(_Tells):
    """Counts what is left of a quota in a header that is called by the key."""

    def respond(self, request: Request, response: Response) -> Response:
        if (key := self.key_of(request)).replace("-", "").isalnum():
            response.headers[f"X-Left-{key}"] = "99"
        return super().respond(request, response)


@breaks("stop.auth.not-echoed")
class EchoesAWrongKey(Reference):
    """Repeats a key that it does not know in the message."""

    def find_app(self, key: str) -> App | None:
        app = super().find_app(key)
        if app is None:
            raise Refused(Error(401, "unauthorized", f"Access token {key} is invalid", UNKNOWN_KEY.headers))
        return app


@breaks("stop.auth.not-echoed")
class EchoesTheHeaderWithoutScheme(Reference):
    """Repeats a header without scheme in the message."""

    def credential(self, request: Request) -> str:
        authorization = request.headers.get("Authorization", "")
        if authorization and " " not in authorization:
            raise Refused(Error(401, "unauthorized", f"No scheme in {authorization!r}", NO_KEY.headers))
        return super().credential(request)


@breaks("stop.auth.not-echoed")
class TellsTheKeyInTheStream(_Tells):
    """Has the key among the inputs of a run."""

    def events(self, run: Run) -> Iterator[Event]:
        for event in super().events(run):
            tells = event["event"] == "workflow_started"
            yield event | {"data": event["data"] | {"inputs": {"sys.key": run.app.key}}} if tells else event


@breaks("stop.auth.not-echoed")
class TellsTheKeyInTheDetail(Reference):
    """Has the key among the outputs of a run."""

    def detail(self, run: Run) -> dict[str, Any]:
        return super().detail(run) | {"outputs": {"env": {"API_KEY": run.app.key}}}


@breaks("stop.auth.not-echoed")
class TellsTheKeyInACookie(_Tells):
    """Keeps the key in a cookie."""

    def respond(self, request: Request, response: Response) -> Response:
        if request.operation == "info":
            response.set_cookie("key", self.key_of(request))
        return super().respond(request, response)


@breaks("stop.auth.not-echoed")
class EchoesTheQuery(Reference):
    """Repeats the address of a refused request, with the key that stood in it."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        answer.headers["X-Original-Uri"] = request.full_path
        return answer
