"""Unusual answers: what they say of bodies and keys, and what else the server has."""

import re
from dataclasses import replace
from email.message import Message
from io import BufferedIOBase
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Reference, Refused, Request, Run
from conformance.reference.answers import (
    INTERNAL,
    MALFORMED,
    NO_USER,
    NOT_AN_OBJECT,
    NOT_JSON,
    NOT_WORKFLOW_APP,
    UNKNOWN_KEY,
)
from conformance.reference.variants.marking import unusual

NO_LENGTH = Error(411, "length_required", "Length Required")


@unusual(warns=("stop.user.message", "stop.app-mode.message"))
class SpeaksOtherWords(Reference):
    """Has its own texts for everything that it refuses."""

    def envelope(self, error: Error) -> dict[str, Any]:
        return super().envelope(error) | {"message": f"Nein: {error.code} – so geht das nicht."}


@unusual()
class TellsMoreInErrors(Reference):
    """Adds details to the envelope of every refusal."""

    def envelope(self, error: Error) -> dict[str, Any]:
        more = {"params": "user", "request_id": "7f3c", "details": [{"field": None}]}
        return super().envelope(error) | more


@unusual()
class RefusesBadBodiesAsInvalidParam(Reference):
    """Refuses every bad body in the one documented way."""

    def refusal(self, request: Request, error: Error) -> Response:
        bodies = {MALFORMED, NOT_AN_OBJECT, NOT_JSON}
        said = replace(NO_USER, message=error.message) if error in bodies else error
        return super().refusal(request, said)


@unusual(warns=("stop.body.documented-status",))
class UnprocessableBodies(Reference):
    """Refuses bodies that it cannot read with 422."""

    def refusal(self, request: Request, error: Error) -> Response:
        bodies = {MALFORMED, NOT_AN_OBJECT, NOT_JSON}
        return super().refusal(request, replace(error, status=422) if error in bodies else error)


@unusual()
class ChallengesInDetail(Reference):
    """Says in its challenge what is wrong with the key, as RFC 6750 has it."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        if error == UNKNOWN_KEY:
            answer.headers.set("WWW-Authenticate", 'Bearer realm="dify", error="invalid_token"')
        return answer


@unusual()
class AsksForModeFirst(Reference):
    """Looks at the app's mode before the body."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        self.check_mode(app)
        return super().do_stop(request, app, task_id)


@unusual(warns=("stop.body.utf-8",), opens=("stop.body.documented-status",))
class GuessesAtForeignBytes(Reference):
    """Reads bytes that are no UTF-8 as U+FFFD: what Node's frameworks do."""

    def parse(self, raw: bytes) -> Any:
        return super().parse(raw.decode("utf-8", "replace").encode())


@unusual()
class HasNothingButRuns(Reference):
    """Has no `/info` and no `/parameters`."""

    def do_info(self, request: Request, app: App) -> Response:
        raise Refused(Error(404, "not_found", "There is no such thing."))

    do_parameters = do_info


@unusual()
class HasNoRounds(Reference):
    """Has an app whose form has no field `rounds`."""

    def do_parameters(self, request: Request, app: App) -> Response:
        return self.json({"user_input_form": []})


@unusual()
class WantsManyInputs(Reference):
    """Has an app that asks for inputs of every kind, and refuses to start without them."""

    required = ("name", "kind", "sure")

    def do_parameters(self, request: Request, app: App) -> Response:
        form: list[dict[str, Any]] = [
            {"text-input": {"variable": "name", "required": True, "label": "Name", "max_length": 48}},
            {"select": {"variable": "kind", "required": True, "label": "Kind", "options": ["a", "b"]}},
            {"checkbox": {"variable": "sure", "required": True, "label": "Sure"}},
            {"paragraph": {"variable": "note", "required": False, "label": "Note"}},
        ]
        return self.json({"user_input_form": form})

    def read_rounds(self, body: dict[str, Any]) -> int:
        missing = set(self.required) - set(body.get("inputs") or {})
        if missing:
            raise Refused(replace(NOT_WORKFLOW_APP, code="invalid_param", message=f"{missing} required"))
        return super().read_rounds(body)


@unusual()
class RefusesBlocking(Reference):
    """Refuses runs in blocking mode."""

    def read_response_mode(self, body: dict[str, Any]) -> str:
        mode = super().read_response_mode(body)
        if mode == "blocking":
            raise Refused(Error(400, "invalid_param", "Only streaming is supported."))
        return mode


@unusual()
class WantsALength(Reference):
    """Refuses a body in chunks with 411 and a page, as what stands in front of it may do."""

    def take_body(self, headers: Message, stream: BufferedIOBase) -> bytes:
        if "Transfer-Encoding" in headers:
            raise Refused(NO_LENGTH)
        return super().take_body(headers, stream)

    def refusal(self, request: Request, error: Error) -> Response:
        if error == NO_LENGTH:
            return Response("<h1>411 Length Required</h1>", NO_LENGTH.status, content_type="text/html")
        return super().refusal(request, error)


@unusual(warns=("stop.robust.method-status",))
class AnswersAnyHead(Reference):
    """Answers any HEAD with 200, and does nothing."""

    def answer(self, request: Request) -> Response:
        return self.json({}) if request.method == "HEAD" else super().answer(request)


@unusual()
class RefusesOddPaths(Reference):
    """Refuses a path with a control sign, a slash or a backslash in a segment with a page, as firewalls do."""

    def answer(self, request: Request) -> Response:
        if re.search(r"%(?:[01][0-9a-f]|2f|5c|7f)", request.environ["REQUEST_URI"], re.IGNORECASE):
            return Response("<h1>400 Bad Request</h1>", 400, content_type="text/html")
        return super().answer(request)


@unusual()
class RedirectsInItsOwnName(Reference):
    """Redirects a path with doubled slashes, with a page that has the address under which its proxy asks it."""

    def answer(self, request: Request) -> Response:
        path = str(request.environ["REQUEST_URI"])
        if "//" not in path:
            return super().answer(request)
        page = f'<a href="http://10.0.0.5:5001{path.replace("//", "/")}">here</a>'
        return Response(page, 308, {"Location": path.replace("//", "/")}, content_type="text/html")


@unusual(warns=("stop.robust.noise",))
class AnswersInParts(Reference):
    """Gives the part of an answer that a Range asks for, whatever the method: what Apache does."""

    def respond(self, request: Request, response: Response) -> Response:
        answer = super().respond(request, response)
        if answer.status_code != 200 or "Range" not in request.headers or answer.is_streamed:
            return answer
        whole = answer.get_data()
        answer.status_code = 206
        answer.set_data(whole[:4])
        answer.headers["Content-Range"] = f"bytes 0-3/{len(whole)}"
        return answer


@unusual()
class ReadsPathsAsTheyStand(Reference):
    """Compares paths as they were written, and answers whatever else is in them with a page."""

    def answer(self, request: Request) -> Response:
        path = str(request.environ["REQUEST_URI"])
        if "//" in path or path.endswith(("/", "/%73top")):
            return Response("<h1>Not Found</h1>", 404, content_type="text/html")
        return super().answer(request)


@unusual()
class KeepsShortNames(Reference):
    """Has users of at most 64 characters, and calls a longer one invalid wherever it stands."""

    def is_user(self, value: object) -> bool:
        return super().is_user(value) and len(str(value)) <= 64


@unusual()
class StumblesOverOneBlockingRun(Reference):
    """Answers 500 to its first run in blocking mode, of whatever happens once in a while, and never again."""

    def run_blocking(self, run: Run) -> dict[str, Any]:
        answer = super().run_blocking(run)
        if self.count("in blocking mode") == 1:
            raise Refused(INTERNAL)
        return answer
